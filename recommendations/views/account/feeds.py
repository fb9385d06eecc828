"""A viewer's picks as RSS, at an address that only they know."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.syndication.views import Feed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import escape
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_POST, require_safe

from recommendations.middleware import viewer_made_for
from recommendations.models import Viewer
from recommendations.views.cards import Card
from recommendations.views.home.newest_picks import newest_picks
from recommendations.views.posting import by_whom_it_was_drawn_for, came_from


@dataclass(frozen=True)
class Entry:
    card: Card
    made_at: datetime | None

    def get_absolute_url(self) -> str:
        """The film's page: its guid too, so that a reader shows a film once."""
        return self.card.movie.get_absolute_url()

    @property
    def predicted(self) -> str:
        return f"★ {self.card.stars:.1f}"


class PicksFeed(Feed):  # type: ignore[type-arg]
    """What was picked last. Reading it asks for no run and leaves no cookie."""

    description = "Films picked for you from what you rated"

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Viewer:
        return Viewer.objects.get(feed_token=kwargs["token"])

    def title(self, viewer: Viewer) -> str:
        return f"Picks for {viewer}"

    def link(self, viewer: Viewer) -> str:
        return reverse("home")

    def items(self, viewer: Viewer) -> list[Entry]:
        picks = newest_picks(viewer)
        return [Entry(card, picks.made_at) for card in picks.cards]

    def item_title(self, item: Entry) -> str:
        return escape(f"{item.card.movie} {item.predicted}")

    def item_description(self, item: Entry) -> str:
        why = f", {item.card.reason}" if item.card.because else ""
        return escape(f"Predicted for you: {item.predicted}{why}.")

    def item_pubdate(self, item: Entry) -> datetime | None:
        return item.made_at


read_picks = PicksFeed()


@require_safe
@conditional_page
@cache_control(private=True, no_cache=True)
def feed(request: HttpRequest, token: UUID) -> HttpResponse:
    response = read_picks(request, token=token)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@require_POST
@by_whom_it_was_drawn_for
def open_feed(request: HttpRequest) -> HttpResponse:
    """Give the viewer's feed an address, or with `renew` another one."""
    viewer = viewer_made_for(request)
    if request.POST.get("renew"):
        viewer.renew_feed()
        messages.success(request, "Your feed has a new address; the old one is dead.")
    else:
        viewer.open_feed()
        messages.success(request, "Your feed is ready. Give its address to your feed reader.")
    return redirect(came_from(request, reverse("lists")))
