"""One poll for all shelves of a page: what the page has of each, and when it asks again."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from zlib import crc32

from django.urls import reverse

from recommendations.pipeline.states import Part
from recommendations.views.cards import Card
from recommendations.views.polling import pace, rhythm


@dataclass(frozen=True)
class ShelfPoll:
    """Where the page asks what has become of its shelves, and in how many milliseconds.

    Without a rhythm it asks only when it is told that something is on its way.
    """

    url: str
    delay: int | None = None
    every: int | None = None


def shelf_poll(seen: Mapping[str, str], parts: Mapping[str, Part]) -> ShelfPoll:
    """For a page that has these shelves by slug; `parts` are those that a run fills."""
    path = reverse("fragment-shelves")
    waiting = next((each for each in parts.values() if each.polls), None)
    if waiting is None:
        return ShelfPoll(f"{path}?{urlencode(seen)}")
    since = {"since": str(int(waiting.since.timestamp()))}
    return ShelfPoll(f"{path}?{urlencode(since | dict(seen))}", *rhythm(waiting))


def seen_of_part(part: Part) -> str:
    """What tells two states of a shelf apart that are to be drawn differently.

    Not how far the next is: a shelf of films is left as it is until there are others.
    """
    if part.source:
        shown = (part.state, int(part.refreshing), int(part.stalled), part.source.pk)
    else:
        shown = (part.state, int(part.stalled), round(20 * (part.progress or 0)), pace(part))
    return "-".join(map(str, shown))


def seen_of_cards(cards: list[Card]) -> str:
    return f"{crc32(repr([card.movie.pk for card in cards]).encode()):x}"
