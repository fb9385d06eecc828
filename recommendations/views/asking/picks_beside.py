"""The first picks, beside questions that change them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from recommendations.middleware import viewer_of
from recommendations.models import TasteControls
from recommendations.models.prediction import HOME
from recommendations.pipeline import requests
from recommendations.pipeline.states import State, part
from recommendations.shelves import SHELVES
from recommendations.views.cards import Card, Films
from recommendations.views.home import presenters
from recommendations.views.polling import Poll, asking_since, poll_for, unchanged
from recommendations.views.standings import healed, may_request

if TYPE_CHECKING:
    from datetime import datetime

    from recommendations.pipeline.requests import Standing

#: So many picks are shown.
PICKS = 4


@dataclass(frozen=True)
class Picks:
    cards: list[Card] = field(default_factory=list)
    state: State | None = None
    refreshing: bool = False
    poll: Poll | None = None

    @property
    def missing(self) -> range:
        return range(PICKS - len(self.cards))


def picks_of(standing: "Standing | None", since: "datetime | None" = None) -> Picks:
    """The first of *Top picks*; nothing for one who has said nothing."""
    if standing is None:
        return Picks()
    shelf = SHELVES["top-picks"]
    found = part(standing, shelf.slug, since)
    controls = TasteControls.of(standing.viewer)
    items = presenters.items_of([presenters.content_of(found, controls)])
    films = Films(standing.viewer, items, controls)
    return Picks(
        films.take(shelf, items, PICKS).cards,
        found.state,
        found.refreshing,
        poll_for(found, reverse("fragment-picks")),
    )


def picks_for(request: HttpRequest) -> Picks:
    """What a page begins with; a visit asks for new picks as one of the home page does."""
    viewer = viewer_of(request)
    if viewer is None or not viewer.has_taste():
        return Picks()
    asked = requests.ensure if may_request(request) else requests.standing
    return picks_of(asked(viewer, HOME))


@require_safe
@never_cache
def picks(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    known = viewer is not None and viewer.has_taste()
    standing = healed(request, viewer, HOME) if viewer and known else None
    shown = picks_of(standing, asking_since(request))
    if unchanged(request, shown.poll):
        return HttpResponse(status=204)
    return render(request, "recommendations/_picks.html", {"picks": shown})
