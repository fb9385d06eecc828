"""What has become of a page's shelves since it was drawn, all of them in one answer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recommendations.models.taste import Taste
from recommendations.pipeline.states import Part, State
from recommendations.views.home import presenters
from recommendations.views.home.presenters import ShelfView
from recommendations.views.home.shelf_poll import ShelfPoll, seen_of_part, shelf_poll

if TYPE_CHECKING:
    from datetime import datetime

    from recommendations.pipeline.requests import Standing


@dataclass(frozen=True)
class News:
    """Shelves to draw anew, slugs of those to take away, and how the page asks again."""

    poll: ShelfPoll
    changed: list[ShelfView]
    gone: list[str]
    ready: bool = False
    """The first shelf has arrived: it speaks for all, or they would say so one after the other."""


def news(
    standing: "Standing",
    taste: Taste,
    turns: presenters.Turns,
    seen: dict[str, str],
    since: "datetime | None",
) -> News:
    """For a page that has these shelves by slug, each in the state that it has seen."""
    parts = presenters.parts_of(standing, taste, since)
    if nothing_new(parts, seen):
        return News(shelf_poll(seen, parts), [], [])
    now = {view.slug: view for view in shelves_now(standing, taste, parts, turns)}
    asked = {slug: known for slug, known in seen.items() if slug in parts or not waits(parts)}
    gone = [slug for slug in asked if slug not in now]
    changed = [now[slug] for slug in asked if slug in now and now[slug].seen != seen[slug]]
    known = seen | {view.slug: view.seen for view in changed}
    left = {slug: known[slug] for slug in seen if slug not in gone}
    return News(shelf_poll(left, parts), changed, gone, first_is_ready(parts, changed))


def waits(parts: Mapping[str, Part]) -> bool:
    return any(each.polls for each in parts.values())


def nothing_new(parts: Mapping[str, Part], seen: Mapping[str, str]) -> bool:
    """A run is on its way that has brought nothing that the page has not."""
    return waits(parts) and all(
        seen.get(slug) in (None, seen_of_part(each)) for slug, each in parts.items()
    )


def shelves_now(
    standing: "Standing", taste: Taste, parts: Mapping[str, Part], turns: presenters.Turns
) -> Iterable[ShelfView]:
    """Plain shelves give way to the films of the others when all of these are there."""
    filled = presenters.model_shelves(standing, parts, turns)
    if waits(parts):
        return [view for view in filled.values() if not view.is_over]
    return presenters.all_shelves(standing.viewer, taste, filled)


def first_is_ready(parts: Mapping[str, Part], changed: list[ShelfView]) -> bool:
    return any(
        view.slug == next(iter(parts)) and view.state == State.READY and not view.polls
        for view in changed
    )
