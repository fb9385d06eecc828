"""The page of a film, and its poster."""

from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from recommendations.middleware import viewer_of
from recommendations.models import Credit, Movie, MovieTag
from recommendations.models.marks import kinds_of
from recommendations.models.prediction import film_key
from recommendations.models.taste import Taste
from recommendations.posters import draw_poster, poster_version
from recommendations.views.films import presenters
from recommendations.views.standings import standing_of

#: Tags that a film page names.
TAGS = 12


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
        "histogram": presenters.histogram(movie),
        **presenters.neighbours(movie, viewer),
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
