"""Full pages. None of them waits for a model."""

import re

from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from recommendations.forms.controls import panel
from recommendations.middleware import viewer_of
from recommendations.models import Credit, Movie, MovieTag, TasteControls, Viewer
from recommendations.models.marks import kinds_of
from recommendations.models.prediction import HOME, film_key
from recommendations.models.taste import Taste
from recommendations.pipeline import requests
from recommendations.pipeline.states import part
from recommendations.posters import draw_poster, poster_version
from recommendations.shelves import SHELVES, STORED, QueryShelf
from recommendations.views.cards import Films
from recommendations.views.films import beside
from recommendations.views.home import fragments, presenters
from recommendations.views.home.browse_as import invitation

#: Readers that follow links but look at no picks.
BOT = re.compile(r"bot|crawl|spider|slurp|preview", re.IGNORECASE)

#: Tags that a film page names.
TAGS = 12


def may_request(request: HttpRequest) -> bool:
    """Whether a visit is somebody looking, for whom a prediction is worth queueing."""
    return request.method == "GET" and not BOT.search(request.headers.get("User-Agent", ""))


def standing_of(
    request: HttpRequest, viewer: Viewer | None, taste: Taste, key: str
) -> requests.Standing | None:
    """Where `key` stands for the viewer, asked for if it is missing or stale."""
    if viewer is None or not taste.is_known:
        return None
    return requests.ensure(viewer, key) if may_request(request) else requests.standing(viewer, key)


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    taste = viewer.taste() if viewer else Taste()
    standing = standing_of(request, viewer, taste, HOME)
    page = presenters.home(viewer, standing, taste, fragments.turns_of(request))
    context: dict[str, object] = {"shelves": page.shelves, "refreshing": page.refreshing}
    context |= panel(viewer) if taste.is_known else {"invitation": invitation()}
    return render(request, "recommendations/home.html", context)


@require_safe
@never_cache
def shelf(request: HttpRequest, slug: str) -> HttpResponse:
    """All the films of one shelf."""
    if slug not in SHELVES:
        raise Http404(f"There is no shelf called {slug}.")
    wanted, viewer = SHELVES[slug], viewer_of(request)
    if isinstance(wanted, QueryShelf):
        view = presenters.query_shelf(wanted, viewer, limit=STORED)
    else:
        view = _model_shelf(request, slug)
    return render(request, "recommendations/shelf.html", {"shelf": view})


def _model_shelf(request: HttpRequest, slug: str) -> presenters.ShelfView:
    viewer = viewer_of(request)
    taste = viewer.taste() if viewer else Taste()
    standing = standing_of(request, viewer, taste, HOME)
    if viewer is None or standing is None:
        raise Http404("This shelf needs ratings of yours.")
    found = part(standing, slug)
    controls = TasteControls.of(viewer)
    content = presenters.content_of(found, controls)
    items = presenters.items_of([content])
    taken = Films(viewer, items, controls).take(SHELVES[slug], items, STORED)
    return presenters.model_shelf(SHELVES[slug], found, content, taken)


@require_safe
@never_cache
def film(request: HttpRequest, movie_id: int) -> HttpResponse:
    known = Movie.objects.prefetch_related(
        "genres", Prefetch("credits", Credit.objects.select_related("person"))
    )
    movie = get_object_or_404(known, pk=movie_id)
    viewer = viewer_of(request)
    context = {
        "movie": movie,
        "credits": list(movie.credits.all()),
        "tags": list(MovieTag.objects.filter(movie=movie)[:TAGS]),
        "viewer": viewer,
        "rating": viewer.ratings.filter(movie=movie).first() if viewer else None,
        "kinds": kinds_of(viewer, movie) if viewer else (),
        "prediction": film_prediction(request, movie),
        "histogram": beside.histogram(movie),
        **beside.neighbours(movie, viewer),
    }
    return render(request, "recommendations/film.html", context)


def film_prediction(request: HttpRequest, movie: Movie) -> presenters.FilmPrediction:
    viewer = viewer_of(request)
    taste = viewer.taste() if viewer else Taste()
    standing = standing_of(request, viewer, taste, film_key(movie.pk))
    if standing is None:
        return presenters.FilmPrediction(movie.pk, "needs_ratings")
    return presenters.film_prediction(movie, standing)


@require_safe
@cache_control(public=True, max_age=365 * 24 * 3600, immutable=True)
def poster(request: HttpRequest, movie_id: int, version: str) -> HttpResponse:  # noqa: ARG001
    """A drawn poster. The version is part of its address, so that it never changes."""
    movie = get_object_or_404(Movie, pk=movie_id)
    drawn_from = (movie.short_title, movie.year, movie.main_genre)
    if version != poster_version(*drawn_from):
        raise Http404("This poster was drawn anew.")
    return HttpResponse(draw_poster(*drawn_from), content_type="image/svg+xml")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    return render(request, "robots.txt", content_type="text/plain")


@require_safe
@cache_control(public=True, max_age=24 * 3600)
def favicon(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """For browsers that ask for it whatever the page says."""
    return redirect(static("recommendations/favicon.svg"))
