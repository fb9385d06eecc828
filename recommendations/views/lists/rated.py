"""All that a viewer rated: found, sorted and changed in place."""

from collections.abc import Mapping

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from recommendations.forms.ratings import RestoredRatingForm
from recommendations.middleware import viewer_of
from recommendations.models import Movie, Rating, Viewer
from recommendations.models.prediction import HOME
from recommendations.models.taste import HALVES
from recommendations.pipeline import requests
from recommendations.views.films.rating import NOT_RATED, change_rating
from recommendations.views.lists.listing import MEAN, NEWEST, OLDEST, TITLE, Order, listing
from recommendations.views.lists.undoing import say_removed
from recommendations.views.polling import for_viewer
from recommendations.views.posting import SomebodyElse, came_from

ORDERS: Mapping[str, Order] = {
    "rated": Order("Rated last", ["-rated_at", "-pk"]),
    "first": Order("Rated first", ["rated_at"]),
    "stars": Order("My stars, most first", ["-stars", "-rated_at"]),
    "fewest": Order("My stars, fewest first", ["stars", "-rated_at"]),
    "title": TITLE,
    "year": NEWEST,
    "oldest": OLDEST,
    "mean": MEAN,
}


@require_safe
@never_cache
def ratings(request: HttpRequest) -> HttpResponse:
    viewer, stars = viewer_of(request), _stars_wanted(request)
    rows = Rating.objects.filter(viewer=viewer)
    shown = rows if stars is None else rows.filter(stars=stars)
    context = {
        "listing": listing(request, shown, ORDERS, viewer, total=rows.count()),
        "wanted": stars,
        "halves": HALVES,
        "next": request.get_full_path(),
    }
    return render(request, "recommendations/ratings.html", context)


def _stars_wanted(request: HttpRequest) -> float | None:
    given = request.GET.get("stars", "")
    return next((half for half in HALVES if f"{half:.1f}" == given), None)


@require_POST
def rerate(request: HttpRequest, movie_id: int) -> HttpResponse:
    """Change or remove a rating, and come back to the same page of the list."""
    movie = get_object_or_404(Movie, pk=movie_id)
    page, before = came_from(request, reverse("ratings")), _rating(request, movie)
    try:
        rating = change_rating(request, movie)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except SomebodyElse:
        messages.error(request, NOT_RATED)
    else:
        if rating:
            messages.success(request, _said(movie, rating))
        elif before:
            path = reverse("restore-rating", args=[movie.pk])
            say_removed(request, _said(movie, None), path, page, _fields(before))
    return redirect(page)


@require_POST
@for_viewer
def rerate_fragment(request: HttpRequest, viewer: Viewer, movie_id: int) -> HttpResponse:
    movie = get_object_or_404(Movie, pk=movie_id)
    before = viewer.ratings.filter(movie=movie).first()
    try:
        rating = change_rating(request, movie)
    except ValidationError as error:
        return _draw(request, before, movie, error=" ".join(error.messages))
    except SomebodyElse:
        messages.error(request, NOT_RATED)
        return HttpResponseClientRedirect(reverse("ratings"))
    if rating is None and before:
        return _draw(request, before, movie, gone=_fields(before), announcement=_said(movie, None))
    return _draw(request, rating, movie, announcement=_said(movie, rating))


@require_POST
def restore(request: HttpRequest, movie_id: int) -> HttpResponse:
    """Undo a removal, without HTMX."""
    viewer, movie = viewer_of(request), get_object_or_404(Movie, pk=movie_id)
    if viewer is None:
        raise Http404("Nobody is here to rate.")
    try:
        messages.success(request, _said(movie, _restored(request, viewer, movie)))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(came_from(request, reverse("ratings")))


@require_POST
@for_viewer
def restore_fragment(request: HttpRequest, viewer: Viewer, movie_id: int) -> HttpResponse:
    movie = get_object_or_404(Movie, pk=movie_id)
    try:
        rating = _restored(request, viewer, movie)
    except ValidationError as error:
        return _draw(request, None, movie, error=" ".join(error.messages))
    return _draw(request, rating, movie, announcement=_said(movie, rating))


def _restored(request: HttpRequest, viewer: Viewer, movie: Movie) -> Rating:
    """The rating as it was, with its date."""
    form = RestoredRatingForm(request.POST)
    if not form.is_valid():
        raise ValidationError([str(said) for said in form.errors.values()])
    with transaction.atomic():
        rating = viewer.rate(movie, form.cleaned_data["stars"], form.cleaned_data["rated_at"])
        requests.ensure(viewer, HOME)
    return rating


def _fields(rating: Rating) -> dict[str, str]:
    """What a form has to say to bring `rating` back."""
    return {"stars": f"{rating.stars:.1f}", "rated_at": rating.rated_at.isoformat()}


def _rating(request: HttpRequest, movie: Movie) -> Rating | None:
    viewer = viewer_of(request)
    return viewer.ratings.filter(movie=movie).first() if viewer else None


def _said(movie: Movie, rating: Rating | None) -> str:
    title = movie.short_title
    return f"{title}: ★ {rating.stars:g}." if rating else f"{title} is unrated."


def _draw(
    request: HttpRequest, rating: Rating | None, movie: Movie, **said: object
) -> HttpResponse:
    context = {
        "movie": movie,
        "rating": rating,
        "halves": HALVES,
        "next": came_from(request, reverse("ratings")),
        "swapped": True,
        **said,
    }
    return render(request, "recommendations/_rated.html", context)
