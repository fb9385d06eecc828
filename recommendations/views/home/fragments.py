"""The shelves as HTMX polls them: the template that the page includes, in its present state."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh, trigger_client_event

from recommendations.models import Viewer
from recommendations.models.prediction import HOME
from recommendations.pipeline import requests
from recommendations.shelves import SHELVES
from recommendations.views.home import presenters
from recommendations.views.home.news import news
from recommendations.views.polling import asking_since, for_viewer, unchanged
from recommendations.views.standings import healed

#: The session key of the turns that shelves were given by hand.
TURNS = "turns"


def turns_of(request: HttpRequest) -> presenters.Turns:
    """How often each shelf was refreshed by hand since its run."""
    turns: presenters.Turns = request.session.get(TURNS, presenters.NO_TURNS)
    return turns


@require_safe
@for_viewer
def shelves(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """What the page does not have yet of the shelves that its address names."""
    taste = viewer.taste()
    standing, since = healed(request, viewer, HOME, taste), asking_since(request)
    seen = {slug: request.GET[slug] for slug in SHELVES if slug in request.GET}
    found = news(standing, taste, turns_of(request), seen, since)
    context = {"news": found, "announcement": "Your picks are ready." if found.ready else ""}
    return render(request, "recommendations/_news.html", context)


def draw_shelf(
    request: HttpRequest, viewer: Viewer, slug: str, announcement: str = ""
) -> HttpResponse:
    """One shelf, after something was done with it; the page asks for the others by itself."""
    standing, taste = requests.standing(viewer, HOME), viewer.taste()
    parts = presenters.parts_of(standing, taste)
    shelf = presenters.model_shelves(standing, parts, turns_of(request)).get(slug)
    context = {"shelf": shelf, "announcement": announcement}
    response = render(request, "recommendations/_changed_shelf.html", context)
    return trigger_client_event(response, "shelves-changed")


@require_safe
@never_cache
def former_shelf(request: HttpRequest, slug: str) -> HttpResponse:  # noqa: ARG001
    """A page that was open when the site was upgraded asks for one shelf: it is loaded anew."""
    return HttpResponseClientRefresh()


@require_safe
@for_viewer
def refreshing(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    standing = healed(request, viewer, HOME)
    banner = presenters.refreshing(standing, asking_since(request))
    if banner and unchanged(request, banner.poll):
        return HttpResponse(status=204)
    context = {"refreshing": banner, "refreshed": standing.is_fresh}
    return render(request, "recommendations/_refreshing.html", context)
