"""What HTMX polls. Each answers with the template that the page includes, in its present state."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from recommendations.middleware import viewer_of
from recommendations.models import Movie, Prediction, Viewer
from recommendations.models.prediction import HOME, film_key
from recommendations.pipeline import reaping, requests
from recommendations.pipeline.patience import DatabaseBusy, impatient
from recommendations.pipeline.states import State, part
from recommendations.shelves import SHELVES, ModelShelf
from recommendations.views.home import presenters

#: The session key of the turns that shelves were given by hand.
TURNS = "turns"

FragmentView = Callable[..., HttpResponse]


def for_viewer(view: FragmentView) -> FragmentView:
    """Give the view its viewer. One who is nobody any more goes to the home page as a whole."""

    @never_cache
    @wraps(view)
    def wrapper(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        viewer = viewer_of(request)
        if viewer is None:
            return HttpResponseClientRedirect(reverse("home"))
        return view(request, viewer, *args, **kwargs)

    return wrapper


def healed(request: HttpRequest, viewer: Viewer, key: str) -> requests.Standing:
    """Where `key` stands, asked for if need be, after mending what the poll has found broken."""
    if request.method == "HEAD" or not viewer.has_taste():
        return requests.standing(viewer, key)
    now = requests.ensure(viewer, key)
    if not now.needs_healing:
        return now
    assert now.in_flight
    with suppress(DatabaseBusy), impatient():
        reaping.reap(Prediction.objects.filter(pk=now.in_flight.pk))
    return requests.standing(viewer, key)


def asking_since(request: HttpRequest) -> datetime | None:
    """When the page began to poll, as its first poll's address said."""
    try:
        return datetime.fromtimestamp(int(request.GET.get("since", "")), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def unchanged(request: HttpRequest, poll: presenters.Poll | None) -> bool:
    return poll is not None and request.GET.get("seen") == poll.seen


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
    if unchanged(request, presenters.poll_for(found, presenters.shelf_path(wanted))):
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


@require_safe
@for_viewer
def film_prediction(request: HttpRequest, viewer: Viewer, movie_id: int) -> HttpResponse:
    return draw_film_prediction(request, viewer, get_object_or_404(Movie, pk=movie_id))


def draw_film_prediction(request: HttpRequest, viewer: Viewer, movie: Movie) -> HttpResponse:
    if viewer.has_taste():
        standing = healed(request, viewer, film_key(movie.pk))
        prediction = presenters.film_prediction(movie, standing, asking_since(request))
    else:
        prediction = presenters.FilmPrediction(movie.pk, "needs_ratings")
    if unchanged(request, prediction.poll):
        return HttpResponse(status=204)
    return render(request, "recommendations/_film_prediction.html", {"prediction": prediction})
