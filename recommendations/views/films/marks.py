"""What can be done with any film: the menu over its poster, and the panel on its page."""

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from recommendations.forms.marks import MarkForm, PlaceForm, UndoForm
from recommendations.forms.ratings import RatingForm
from recommendations.middleware import viewer_made_for, viewer_of
from recommendations.models import Mark, Movie, Viewer
from recommendations.models.marks import Opinion
from recommendations.models.prediction import HOME
from recommendations.pipeline import requests
from recommendations.pipeline.states import part
from recommendations.shelves import SHELVES, QueryShelf
from recommendations.views.cards import Films
from recommendations.views.films.actions import SomebodyElse, refuse_somebody_else
from recommendations.views.home import presenters

NOT_CHANGED = "You are somebody else here now, so nothing was changed. Sign in again, or go on."

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


# The panel on a film's page.


@require_POST
def mark(request: HttpRequest, movie_id: int) -> HttpResponse:
    movie = get_object_or_404(Movie, pk=movie_id)
    form = MarkForm(request.POST)
    if not form.is_valid():
        messages.error(request, form.refusal)
        return _back(request, movie)
    try:
        _, said = put_or_take(request, movie, form)
    except SomebodyElse:
        messages.error(request, NOT_CHANGED)
    else:
        messages.success(request, f"{movie.short_title}: {said}.")
    return _back(request, movie)


def _back(request: HttpRequest, movie: Movie) -> HttpResponse:
    """To where the form says, if that is one of our pages; else to the film's actions."""
    page = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(
        page, {request.get_host()}, require_https=request.is_secure()
    )
    return redirect(page if ours else f"{movie.get_absolute_url()}#actions")


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
        return _sent_home(request, movie)
    response = _draw_actions(request, movie, announcement=f"{movie.short_title}: {said}.")
    return _told(response, changed)


def _draw_actions(request: HttpRequest, movie: Movie, **said: str) -> HttpResponse:
    viewer = viewer_of(request)
    opinion = Opinion.of(viewer, movie)
    context = {"movie": movie, "viewer": viewer, "rating": opinion.stars, "kinds": opinion.kinds}
    return render(request, "recommendations/_actions.html", context | said)


def _told(response: HttpResponse, changed: Change) -> HttpResponse:
    return trigger_client_event(response, "taste-changed") if changed.taste_changed else response


def _sent_home(request: HttpRequest, movie: Movie) -> HttpResponse:
    messages.error(request, NOT_CHANGED)
    return HttpResponseClientRedirect(movie.get_absolute_url())


# The menu over a poster. It lies in one slot of the card, which is closed, open, or says what was
# done; `place` names the shelf, so that slots of one film on several shelves differ.


def _place(values: QueryDict) -> str:
    form = PlaceForm(values)
    if not form.is_valid():
        raise Http404("There is no such place on a page.")
    place: str = form.cleaned_data["place"]
    return place


def slot(movie: Movie, place: str) -> str:
    """The id of the slot, as `_menu_link.html` has it."""
    return f"menu-{place}-{movie.pk}"


@require_safe
@never_cache
def menu(request: HttpRequest, movie_id: int) -> HttpResponse:
    movie = get_object_or_404(Movie, pk=movie_id)
    return _draw_menu(request, movie, _place(request.GET))


def _draw_menu(request: HttpRequest, movie: Movie, place: str, error: str = "") -> HttpResponse:
    viewer = viewer_of(request)
    opinion = Opinion.of(viewer, movie)
    context = {
        "movie": movie,
        "viewer": viewer,
        "place": place,
        "slot": slot(movie, place),
        "rating": opinion.stars,
        "kinds": opinion.kinds,
        "stars": [(star, star <= (opinion.stars or 0)) for star in range(1, 6)],
        "reason": reason_for(viewer, movie, place),
        "error": error,
    }
    return render(request, "recommendations/_menu.html", context)


def reason_for(viewer: Viewer | None, movie: Movie, place: str) -> str:
    """Why the film is on this shelf, if it is on one that gives reasons."""
    shelf = SHELVES.get(place)
    if shelf is None or isinstance(shelf, QueryShelf):
        return shelf.reason if shelf else ""
    if viewer is None:
        return ""
    items = presenters.items_of([part(requests.standing(viewer, HOME), place).content])
    item = next((item for item in items if item["movie"] == movie.pk), None)
    return Films(viewer, [item]).card(item).reason if item else ""


@require_safe
@never_cache
def menu_closed(request: HttpRequest, movie_id: int) -> HttpResponse:
    movie = get_object_or_404(Movie, pk=movie_id)
    return _draw_closed(request, movie, _place(request.GET))


def _draw_closed(
    request: HttpRequest, movie: Movie, place: str, announcement: str = ""
) -> HttpResponse:
    context = {"movie": movie, "place": place, "focused": True, "announcement": announcement}
    return render(request, "recommendations/_menu_closed.html", context)


@require_POST
@never_cache
def menu_mark(request: HttpRequest, movie_id: int) -> HttpResponse:
    movie, place = get_object_or_404(Movie, pk=movie_id), _place(request.POST)
    form = MarkForm(request.POST)
    if not form.is_valid():
        return _draw_menu(request, movie, place, form.refusal)
    try:
        changed, said = put_or_take(request, movie, form)
    except SomebodyElse:
        return _sent_home(request, movie)
    return _draw_done(request, movie, place, changed, said)


@require_POST
@never_cache
def menu_rating(request: HttpRequest, movie_id: int) -> HttpResponse:
    movie, place = get_object_or_404(Movie, pk=movie_id), _place(request.POST)
    form = RatingForm(request.POST)
    if not form.is_valid() or form.cleaned_data["stars"] is None:
        return _draw_menu(request, movie, place, "Pick one to five stars.")
    stars = form.cleaned_data["stars"]
    try:
        changed = change(request, movie, form, lambda viewer: viewer.rate(movie, stars))
    except SomebodyElse:
        return _sent_home(request, movie)
    return _draw_done(request, movie, place, changed, f"You rated it ★ {stars:g}")


def _draw_done(
    request: HttpRequest, movie: Movie, place: str, changed: Change, said: str
) -> HttpResponse:
    context = {
        "movie": movie,
        "viewer": viewer_of(request),
        "place": place,
        "slot": slot(movie, place),
        "before": changed.before,
        "said": said,
        "announcement": f"{movie.short_title}: {said}.",
    }
    return _told(render(request, "recommendations/_menu_done.html", context), changed)


@require_POST
@never_cache
def menu_undo(request: HttpRequest, movie_id: int) -> HttpResponse:
    """Put back what the viewer had said of the film before."""
    movie, place = get_object_or_404(Movie, pk=movie_id), _place(request.POST)
    form = UndoForm(request.POST)
    if not form.is_valid():
        return _draw_menu(request, movie, place, "That could not be undone.")
    try:
        changed = change(request, movie, form, lambda viewer: form.opinion.restore(viewer, movie))
    except SomebodyElse:
        return _sent_home(request, movie)
    said = f"{movie.short_title}: undone."
    return _told(_draw_closed(request, movie, place, said), changed)
