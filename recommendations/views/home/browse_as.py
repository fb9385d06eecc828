"""*Browse as*: the site through the eyes of an imported viewer, whose ratings are copied."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.cache import caches
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from recommendations.middleware import AWAY, GUEST, viewer_of
from recommendations.models import Movie, Rating, Viewer

#: Viewers to choose from, with so many ratings each, out of the first so many of the data set.
OFFERED = 6
FEWEST, MOST = 40, 400
LOOKED_AT = 60

#: Films named as what an offered viewer loves.
FAVOURITES = 3


@dataclass(frozen=True)
class Offer:
    pk: int
    display_name: str
    rating_count: int
    favourites: list[Movie]


@dataclass(frozen=True)
class Invitation:
    """What a visitor without ratings is offered."""

    browse_as: list[Offer]


def invitation() -> Invitation:
    if not settings.BROWSE_AS:
        return Invitation([])
    offers: list[Offer] = caches["process"].get_or_set("browse-as", _offers, 300) or []
    return Invitation(offers)


def _offers() -> list[Offer]:
    first = Viewer.objects.filter(kind=Viewer.Kind.IMPORTED).order_by("pk")[:LOOKED_AT]
    counted: QuerySet[Any] = (
        Viewer.objects.filter(pk__in=[viewer.pk for viewer in first])
        .annotate(rated=Count("ratings"))
        .filter(rated__gte=FEWEST, rated__lte=MOST)
        .order_by("pk")[:OFFERED]
    )
    return [Offer(v.pk, v.display_name, v.rated, _favourites(v)) for v in counted]


def _favourites(viewer: Viewer) -> list[Movie]:
    """The most rated of the films that the viewer rated highest."""
    ratings = Rating.objects.filter(viewer=viewer).select_related("movie")
    best = ratings.order_by("-stars", "-movie__rating_count", "movie_id")[:FAVOURITES]
    return [rating.movie for rating in best]


@require_POST
def browse_as(request: HttpRequest, viewer_id: int) -> HttpResponse:
    """See the site as an imported viewer would, as a guest who starts from a copy of the taste."""
    if not settings.BROWSE_AS:
        raise Http404("Browsing as somebody else is off here.")
    other = get_object_or_404(Viewer, pk=viewer_id, kind=Viewer.Kind.IMPORTED)
    if request.user.is_authenticated:
        messages.error(request, "Sign out first to browse as somebody else.")
        return redirect("home")
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
