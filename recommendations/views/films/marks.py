"""Marks on a film, and the panel on its page that puts them and takes them back."""

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from recommendations.forms.marks import MarkForm
from recommendations.middleware import viewer_made_for, viewer_of
from recommendations.models import Mark, Movie, Viewer
from recommendations.models.marks import Opinion
from recommendations.models.prediction import HOME
from recommendations.pipeline import requests
from recommendations.views.posting import (
    NOT_CHANGED,
    SomebodyElse,
    came_from,
    refuse_somebody_else,
)

#: What is said of a film once a mark was put, and once it was taken back.
PUT = {
    Mark.Kind.SEEN: "Seen",
    Mark.Kind.WATCHLIST: "On your watchlist",
    Mark.Kind.HIDDEN: "Not interested",
    Mark.Kind.LESS: "Less like this",
    Mark.Kind.MORE: "More like this",
}
TAKEN = {
    Mark.Kind.SEEN: "Not seen yet",
    Mark.Kind.WATCHLIST: "Off your watchlist",
    Mark.Kind.HIDDEN: "May be picked again",
    Mark.Kind.LESS: "No less like this",
    Mark.Kind.MORE: "No more like this",
}


@dataclass(frozen=True)
class Change:
    """What an action did: what the viewer said of the film before it, and whether taste moved."""

    before: Opinion
    taste_changed: bool


def change(
    request: HttpRequest, movie: Movie, form: forms.Form, do: Callable[[Viewer], object]
) -> Change:
    """Do it for the viewer whom the form was drawn for; have picks made anew if taste moves."""
    refuse_somebody_else(form.cleaned_data["viewer"], viewer_of(request))
    with transaction.atomic():
        viewer = viewer_made_for(request)
        before, version = Opinion.of(viewer, movie), viewer.taste_version
        do(viewer)
        taste_changed = viewer.taste_version != version
        if taste_changed and viewer.has_taste():
            requests.ensure(viewer, HOME)
    return Change(before, taste_changed)


def put_or_take(request: HttpRequest, movie: Movie, form: MarkForm) -> tuple[Change, str]:
    """Also returns what is to be said of it."""
    kind = form.kind
    if form.cleaned_data["put"]:
        return change(request, movie, form, lambda viewer: Mark.put(viewer, movie, kind)), PUT[
            kind
        ]
    return change(request, movie, form, lambda viewer: Mark.take_back(viewer, movie, kind)), TAKEN[
        kind
    ]


@require_POST
def mark(request: HttpRequest, movie_id: int) -> HttpResponse:
    movie = get_object_or_404(Movie, pk=movie_id)
    page = came_from(request, f"{movie.get_absolute_url()}#actions")
    form = MarkForm(request.POST)
    if not form.is_valid():
        messages.error(request, form.refusal)
        return redirect(page)
    try:
        _, said = put_or_take(request, movie, form)
    except SomebodyElse:
        messages.error(request, NOT_CHANGED)
    else:
        messages.success(request, f"{movie.short_title}: {said}.")
    return redirect(page)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def actions(request: HttpRequest, movie_id: int) -> HttpResponse:
    """The panel as it is now, after what was posted to it."""
    movie = get_object_or_404(Movie, pk=movie_id)
    if request.method != "POST":
        return _draw_actions(request, movie)
    form = MarkForm(request.POST)
    if not form.is_valid():
        return _draw_actions(request, movie, error=form.refusal)
    try:
        changed, said = put_or_take(request, movie, form)
    except SomebodyElse:
        return sent_home(request, movie)
    response = _draw_actions(request, movie, announcement=f"{movie.short_title}: {said}.")
    return told(response, changed)


def _draw_actions(request: HttpRequest, movie: Movie, **said: str) -> HttpResponse:
    viewer = viewer_of(request)
    opinion = Opinion.of(viewer, movie)
    context = {"movie": movie, "viewer": viewer, "rating": opinion.stars, "kinds": opinion.kinds}
    return render(request, "recommendations/_actions.html", context | said)


def told(response: HttpResponse, changed: Change) -> HttpResponse:
    return trigger_client_event(response, "taste-changed") if changed.taste_changed else response


def sent_home(request: HttpRequest, movie: Movie) -> HttpResponse:
    messages.error(request, NOT_CHANGED)
    return HttpResponseClientRedirect(movie.get_absolute_url())
