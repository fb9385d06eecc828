"""*Refresh* on a shelf: picks are made anew; if they are as new as can be, others are shown."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from recommendations.middleware import viewer_of
from recommendations.models import Movie, Viewer
from recommendations.models.prediction import HOME, TASTE, film_of
from recommendations.pipeline import requests
from recommendations.pipeline.states import part
from recommendations.shelves import SHELVES, ModelShelf
from recommendations.views.home import fragments, presenters
from recommendations.views.polling import asking_since, for_viewer, unchanged
from recommendations.views.posting import sent_from
from recommendations.views.standings import healed

MADE_ANEW = "Your picks are being made anew."
UP_TO_DATE = "These picks are up to date. They change with what you rate and choose."


def made_anew(viewer: Viewer) -> bool:
    """Ask for a run if one can bring anything new; True if one is on its way."""
    standing = requests.standing(viewer, HOME)
    if standing.in_flight:
        return True
    return standing.is_worth_retrying and requests.retry(viewer, HOME) is not None


def turn(request: HttpRequest, viewer: Viewer, slug: str) -> None:
    """Let the shelf show the next of the films that its run has stored."""
    found = part(requests.standing(viewer, HOME), slug)
    if found.source is None:
        return
    turns = {**fragments.turns_of(request)}
    turns[slug] = [found.source.pk, presenters.turn_of(found, turns) + 1]
    request.session[fragments.TURNS] = turns


def _refuse_unless_filled(slug: str) -> None:
    if not isinstance(SHELVES.get(slug), ModelShelf):
        raise Http404(f"No run fills a shelf called {slug}.")


@require_POST
def refresh_shelf(request: HttpRequest, slug: str) -> HttpResponse:
    """From the home page the films change; the shelf's own page shows all of them already."""
    _refuse_unless_filled(slug)
    whole, viewer = "whole" in request.POST, viewer_of(request)
    if viewer and viewer.has_taste():
        if made_anew(viewer):
            messages.success(request, MADE_ANEW)
        elif whole:
            messages.info(request, UP_TO_DATE)
        else:
            turn(request, viewer, slug)
    return redirect("shelf", slug) if whole else redirect(f"{reverse('home')}#shelf-{slug}")


@require_POST
@for_viewer
def refresh_shelf_fragment(request: HttpRequest, viewer: Viewer, slug: str) -> HttpResponse:
    _refuse_unless_filled(slug)
    if not viewer.has_taste():
        return fragments.draw_shelf(request, viewer, slug)
    if made_anew(viewer):
        return fragments.draw_shelf(request, viewer, slug, MADE_ANEW)
    turn(request, viewer, slug)
    return fragments.draw_shelf(request, viewer, slug, "Other films are shown.")


@require_safe
@for_viewer
def new_picks(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """The banner of a page that is left as it is while new picks are made: they come on demand.

    So what was just done with a film on it can be undone.
    """
    standing = healed(request, viewer, HOME)
    banner = presenters.being_made(standing, "fragment-new-picks", asking_since(request))
    if banner and unchanged(request, banner.poll):
        return HttpResponse(status=204)
    context = {
        "refreshing": banner,
        "new_picks": standing.is_fresh,
        "announcement": "New picks are ready." if standing.is_fresh else "",
        "floating": True,
    }
    return render(request, "recommendations/_refreshing.html", context)


@require_POST
@for_viewer
def retry_shelf(request: HttpRequest, viewer: Viewer, slug: str) -> HttpResponse:
    _refuse_unless_filled(slug)
    requests.retry(viewer, HOME)
    return fragments.draw_shelf(request, viewer, slug)


@require_POST
def retry(request: HttpRequest) -> HttpResponse:
    """Ask again for a prediction that failed."""
    viewer, key = viewer_of(request), request.POST.get("key", "")
    if key not in {HOME, TASTE}:
        get_object_or_404(Movie, pk=film_of(key))
    if viewer and viewer.has_taste():
        requests.retry(viewer, key)
    return redirect(sent_from(request, reverse("home")))
