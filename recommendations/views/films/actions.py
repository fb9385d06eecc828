"""What is posted. Plain forms are answered by a redirect, their HTMX twins by a fragment."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from recommendations.forms.ratings import RatingForm
from recommendations.middleware import AWAY, GUEST, viewer_made_for, viewer_of
from recommendations.models import Movie, Rating, Viewer
from recommendations.models.prediction import HOME, TASTE, film_key, film_of
from recommendations.pipeline import requests
from recommendations.shelves import SHELVES, ModelShelf
from recommendations.views.home import fragments

NOT_RATED = "You are somebody else here now, so nothing was rated. Sign in again, or rate anew."


class SomebodyElse(Exception):
    """The page was drawn for a viewer who is not the one that posts: a login has ended since."""


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


def refuse_somebody_else(meant: int | None, viewer: Viewer | None) -> None:
    if meant is not None and (viewer is None or viewer.pk != meant):
        raise SomebodyElse


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


@require_POST
def retry(request: HttpRequest) -> HttpResponse:
    """Ask again for a prediction that failed."""
    viewer, key = viewer_of(request), request.POST.get("key", "")
    if key not in {HOME, TASTE}:
        get_object_or_404(Movie, pk=film_of(key))
    if viewer and viewer.has_taste():
        requests.retry(viewer, key)
    return _back(request)


@require_POST
@fragments.for_viewer
def retry_shelf(request: HttpRequest, viewer: Viewer, slug: str) -> HttpResponse:
    wanted = SHELVES.get(slug)
    if not isinstance(wanted, ModelShelf):
        raise Http404(f"No run fills a shelf called {slug}.")
    requests.retry(viewer, HOME)
    response = fragments.draw_shelf(request, viewer, wanted)
    return trigger_client_event(response, "picks-requested")


@require_POST
@fragments.for_viewer
def retry_film(request: HttpRequest, viewer: Viewer, movie_id: int) -> HttpResponse:
    movie = get_object_or_404(Movie, pk=movie_id)
    requests.retry(viewer, film_key(movie.pk))
    return fragments.draw_film_prediction(request, viewer, movie)


@require_POST
def browse_as(request: HttpRequest, viewer_id: int) -> HttpResponse:
    """See the site as an imported viewer would, as a guest who starts from a copy of the taste."""
    if not settings.BROWSE_AS:
        raise Http404("Browsing as somebody else is off here.")
    if request.user.is_authenticated:
        messages.error(request, "Sign out first to browse as somebody else.")
        return redirect("home")
    other = get_object_or_404(Viewer, pk=viewer_id, kind=Viewer.Kind.IMPORTED)
    _step_aside(request)
    with transaction.atomic():
        guest = Viewer.objects.create(display_name=other.display_name)
        guest.copy_taste(other)
    request.session[GUEST] = guest.pk
    return redirect("home")


def _step_aside(request: HttpRequest) -> None:
    """Remember the guest who has ratings of their own; a copy is not worth coming back to."""
    guest = viewer_of(request)
    if guest and not guest.is_copy:
        request.session[AWAY] = guest.pk


@require_POST
def stop_browsing(request: HttpRequest) -> HttpResponse:
    request.session.pop(GUEST, None)
    if away := request.session.pop(AWAY, None):
        request.session[GUEST] = away
    return redirect("home")


def _back(request: HttpRequest) -> HttpResponseRedirect:
    """To the page that the form was on, if it was one of ours."""
    page = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(
        page, {request.get_host()}, require_https=request.is_secure()
    )
    return redirect(page if ours else "home")
