"""What a film would get from the viewer, polled and asked for again."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from recommendations.models import Movie, Viewer
from recommendations.models.prediction import film_key
from recommendations.pipeline import requests
from recommendations.views.films import presenters
from recommendations.views.polling import asking_since, for_viewer, unchanged
from recommendations.views.standings import healed


@require_safe
@for_viewer
def film_prediction(request: HttpRequest, viewer: Viewer, movie_id: int) -> HttpResponse:
    return draw_film_prediction(request, viewer, get_object_or_404(Movie, pk=movie_id))


@require_POST
@for_viewer
def retry_film(request: HttpRequest, viewer: Viewer, movie_id: int) -> HttpResponse:
    movie = get_object_or_404(Movie, pk=movie_id)
    requests.retry(viewer, film_key(movie.pk))
    return draw_film_prediction(request, viewer, movie)


def draw_film_prediction(request: HttpRequest, viewer: Viewer, movie: Movie) -> HttpResponse:
    if viewer.has_taste():
        standing = healed(request, viewer, film_key(movie.pk))
        prediction = presenters.film_prediction(movie, standing, asking_since(request))
    else:
        prediction = presenters.FilmPrediction(movie.pk, "needs_ratings")
    if unchanged(request, prediction.poll):
        return HttpResponse(status=204)
    return render(request, "recommendations/_film_prediction.html", {"prediction": prediction})
