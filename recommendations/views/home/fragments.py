"""The shelves as HTMX polls them: the template that the page includes, in its present state."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django_htmx.http import trigger_client_event

from recommendations.models import Viewer
from recommendations.models.prediction import HOME
from recommendations.pipeline import requests
from recommendations.pipeline.states import State, part
from recommendations.shelves import SHELVES, ModelShelf
from recommendations.views.home import presenters
from recommendations.views.polling import asking_since, for_viewer, poll_for, unchanged
from recommendations.views.standings import healed

#: The session key of the turns that shelves were given by hand.
TURNS = "turns"


def turns_of(request: HttpRequest) -> presenters.Turns:
    """How often each shelf was refreshed by hand since its run."""
    turns: presenters.Turns = request.session.get(TURNS, presenters.NO_TURNS)
    return turns


@require_safe
@for_viewer
def shelf(request: HttpRequest, viewer: Viewer, slug: str) -> HttpResponse:
    wanted = SHELVES.get(slug)
    if wanted is None:
        raise Http404(f"There is no shelf called {slug}.")
    if isinstance(wanted, ModelShelf):
        return draw_shelf(request, viewer, wanted)
    return draw_plain_shelf(request, viewer, slug)


def draw_shelf(
    request: HttpRequest, viewer: Viewer, wanted: ModelShelf, announcement: str = ""
) -> HttpResponse:
    standing, since = healed(request, viewer, HOME), asking_since(request)
    found = part(standing, wanted.slug, since)
    if unchanged(request, poll_for(found, presenters.shelf_path(wanted))):
        return HttpResponse(status=204)
    views = presenters.model_shelves(standing, viewer.taste(), turns_of(request), since)
    view = views.get(wanted.slug)
    if view is None or view.is_over:
        response = HttpResponse()
    else:
        # By the first shelf alone: all of them would say it one after the other.
        arrived = view.state == State.READY and not view.poll and view.slug == next(iter(views))
        ready = "Your picks are ready." if arrived else ""
        context = {"shelf": view, "announcement": announcement or ready}
        response = render(request, "recommendations/_shelf.html", context)
    complete = not any(each.poll for each in views.values())
    return trigger_client_event(response, "picks-ready") if complete else response


def draw_plain_shelf(request: HttpRequest, viewer: Viewer, slug: str) -> HttpResponse:
    """As the page would show it now, without the films that have come with the picks."""
    taste = viewer.taste()
    standing = requests.standing(viewer, HOME) if taste.is_known else None
    page = presenters.home(viewer, standing, taste, turns_of(request))
    view = next((each for each in page.shelves if each.slug == slug), None)
    if view is None:
        return HttpResponse()
    return render(request, "recommendations/_shelf.html", {"shelf": view})


@require_safe
@for_viewer
def refreshing(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    standing = healed(request, viewer, HOME)
    banner = presenters.refreshing(standing, asking_since(request))
    if banner and unchanged(request, banner.poll):
        return HttpResponse(status=204)
    context = {"refreshing": banner, "refreshed": standing.is_fresh}
    return render(request, "recommendations/_refreshing.html", context)
