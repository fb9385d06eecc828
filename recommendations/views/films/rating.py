"""Rating a film: by a plain form, and by its HTMX twin."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from recommendations.forms.ratings import RatingForm
from recommendations.middleware import viewer_made_for, viewer_of
from recommendations.models import Movie, Rating, Viewer
from recommendations.models.prediction import HOME
from recommendations.pipeline import requests
from recommendations.views.posting import SomebodyElse, refuse_somebody_else

NOT_RATED = "You are somebody else here now, so nothing was rated. Sign in again, or rate anew."


def change_rating(request: HttpRequest, movie: Movie) -> Rating | None:
    """Rate `movie` as the form says, and have the shelves made anew; None if the rating went."""
    form = RatingForm(request.POST)
    if not form.is_valid():
        raise ValidationError(
            [message for messages in form.errors.values() for message in messages]
        )
    refuse_somebody_else(form.cleaned_data["viewer"], viewer_of(request))
    with transaction.atomic():
        viewer = viewer_made_for(request)
        rating = _change(viewer, movie, form.cleaned_data["stars"])
        if viewer.has_taste():
            requests.ensure(viewer, HOME)
    return rating


def _change(viewer: Viewer, movie: Movie, stars: float | None) -> Rating | None:
    if stars is not None:
        return viewer.rate(movie, stars)
    viewer.unrate(movie)
    return None


@require_POST
def rate(request: HttpRequest, movie_id: int) -> HttpResponse:
    movie = get_object_or_404(Movie, pk=movie_id)
    try:
        rating = change_rating(request, movie)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except SomebodyElse:
        messages.error(request, NOT_RATED)
    else:
        messages.success(request, _said(movie, rating))
    return redirect(movie)


def _said(movie: Movie, rating: Rating | None) -> str:
    title = movie.short_title
    done = f"You rated {title} ★ {rating.stars:g}." if rating else f"{title} is unrated."
    return f"{done} Your picks are being refreshed."


@never_cache
@require_POST
def rate_fragment(request: HttpRequest, movie_id: int) -> HttpResponse:
    movie = get_object_or_404(Movie, pk=movie_id)
    try:
        rating = change_rating(request, movie)
    except ValidationError as error:
        return _rating_refused(request, movie, " ".join(error.messages))
    except SomebodyElse:
        messages.error(request, NOT_RATED)
        return HttpResponseClientRedirect(movie.get_absolute_url())
    context = {
        "movie": movie,
        "rating": rating,
        "viewer": viewer_of(request),
        "changed": True,
        "announcement": _said(movie, rating),
    }
    response = render(request, "recommendations/_rating.html", context)
    return trigger_client_event(response, "taste-changed")


def _rating_refused(request: HttpRequest, movie: Movie, error: str) -> HttpResponse:
    viewer = viewer_of(request)
    rating = viewer.ratings.filter(movie=movie).first() if viewer else None
    context = {"movie": movie, "rating": rating, "viewer": viewer, "error": error}
    return render(request, "recommendations/_rating.html", context)
