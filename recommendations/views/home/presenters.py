"""What templates are given: shelves and predictions, ready to be drawn in their present state."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef
from django.urls import reverse

from recommendations.models import Rating, TasteControls, Viewer
from recommendations.models.taste import Taste
from recommendations.pipeline.states import WAITING_STATES, Part, State, part
from recommendations.shelves import (
    HOME_SHELVES,
    SHELVES,
    SHOWN,
    TOP_PICKS,
    ModelShelf,
    QueryShelf,
    Shelf,
    controlled,
)
from recommendations.views.cards import Card, Films, Taken, unrated
from recommendations.views.home.shelf_poll import (
    ShelfPoll,
    seen_of_cards,
    seen_of_part,
    shelf_poll,
)
from recommendations.views.polling import Poll, poll_for

if TYPE_CHECKING:
    from datetime import datetime

    from recommendations.pipeline.requests import Standing


#: Which turn of a shelf's films is shown, and of which run, by slug.
Turns = Mapping[str, Sequence[int]]
NO_TURNS: Turns = MappingProxyType({})

#: So many shelves wait in sight; more of them wait unseen, and appear when they have films.
WAITING_IN_SIGHT = 5


@dataclass(frozen=True)
class ShelfView:
    slug: str
    title: str
    reason: str
    state: State = State.READY
    cards: list[Card] = field(default_factory=list)
    refreshing: bool = False
    stalled: bool = False
    refresh_failed: bool = False
    progress: float | None = None
    put_off: bool = False
    waited: int = 0
    polls: bool = False
    seen: str = ""
    see_all: str = ""
    unseen: bool = False
    gives_reasons: bool = False
    turns: bool = False

    @property
    def is_over(self) -> bool:
        """It has nothing to show, and no run is on its way that may change that."""
        return self.state == State.EMPTY and not self.polls

    @property
    def skeletons(self) -> range:
        return range(8)


def content_of(part: Part, controls: TasteControls) -> dict[str, Any]:
    """What a run stored, or what the viewer's taste controls make of *Top picks*."""
    if part.name == TOP_PICKS.slug and part.state == State.READY:
        return controlled.as_stored(controls) or part.content
    return part.content


def items_of(contents: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for content in contents for item in content.get("items", [])]


def model_shelf(
    shelf: Shelf,
    part: Part,
    content: dict[str, Any],
    taken: Taken,
) -> ShelfView:
    too_few = part.state == State.READY and len(taken.cards) < shelf.least
    state = State.EMPTY if too_few else part.state
    return ShelfView(
        slug=shelf.slug,
        title=content.get("title", shelf.title),
        reason=content.get("reason", shelf.reason),
        state=state,
        cards=taken.cards,
        refreshing=part.refreshing,
        stalled=part.stalled,
        refresh_failed=part.refresh_failed,
        progress=part.progress,
        put_off=part.standing.put_off,
        waited=int(part.standing.waited.total_seconds()),
        polls=part.polls,
        seen=seen_of_part(part),
        see_all=reverse("shelf", args=[shelf.slug]) if state == State.READY else "",
        gives_reasons=True,
        turns=state == State.READY and taken.more,
    )


def query_shelf(
    shelf: QueryShelf,
    viewer: Viewer | None,
    taken: Iterable[int] = (),
    limit: int = SHOWN,
) -> ShelfView:
    films = TasteControls.of(viewer).admitted(shelf.films()).exclude(pk__in=list(taken))
    if viewer:
        rated = viewer.ratings.filter(movie=OuterRef("pk"))
        out_of_sight = viewer.marks.out_of_sight().filter(movie=OuterRef("pk"))
        films = films.exclude(Exists(rated) | Exists(out_of_sight))
    cards = unrated(films[:limit], viewer)
    return ShelfView(
        slug=shelf.slug,
        title=shelf.title,
        reason=shelf.reason,
        state=State.READY if len(cards) >= shelf.least else State.EMPTY,
        cards=cards,
        seen=seen_of_cards(cards),
        see_all=reverse("shelf", args=[shelf.slug]),
    )


@dataclass(frozen=True)
class Home:
    """`poll` is how the page asks for what its shelves become; nobody's does not."""

    shelves: list[ShelfView]
    poll: ShelfPoll | None = None
    refreshing: "Refreshing | None" = None


def home(
    viewer: Viewer | None,
    standing: "Standing | None",
    taste: Taste,
    turns: Turns = NO_TURNS,
) -> Home:
    """All shelves that this viewer sees, in page order, no film twice."""
    if standing is None:
        return Home(all_shelves(viewer, taste, {}))
    parts = parts_of(standing, taste)
    shown = all_shelves(viewer, taste, model_shelves(standing, parts, turns))
    poll = shelf_poll({view.slug: view.seen for view in shown}, parts)
    return Home(shown, poll, refreshing(standing))


def all_shelves(
    viewer: Viewer | None, taste: Taste, filled: Mapping[str, ShelfView]
) -> list[ShelfView]:
    """Those that a run fills, and the plain ones without the films of these."""
    shown: list[ShelfView] = []
    for shelf in HOME_SHELVES:
        if isinstance(shelf, QueryShelf) and shelf.is_for(taste):
            taken = [card.movie.pk for view in shown for card in view.cards]
            shown.append(query_shelf(shelf, viewer, taken))
        elif shelf.slug in filled:
            shown.append(filled[shelf.slug])
    return [view for view in shown if not view.is_over]


def parts_of(
    standing: "Standing", taste: Taste, since: "datetime | None" = None
) -> dict[str, Part]:
    """By slug, what can be said of the shelves that a run fills for a viewer with such a taste."""
    wanted = [s for s in HOME_SHELVES if isinstance(s, ModelShelf) and s.is_for(taste)]
    return {shelf.slug: part(standing, shelf.slug, since) for shelf in wanted}


def model_shelves(
    standing: "Standing", parts: Mapping[str, Part], turns: Turns = NO_TURNS
) -> dict[str, ShelfView]:
    """By slug, the shelves of which these parts are.

    They are made together, so that a fragment shows just what the page does. Those that were
    turned come last: they show what the others on the page leave.
    """
    wanted = [SHELVES[slug] for slug in parts]
    controls = TasteControls.of(standing.viewer)
    contents = {slug: content_of(each, controls) for slug, each in parts.items()}
    films = Films(standing.viewer, items_of(contents.values()), controls)
    turned = {shelf.slug: turn_of(parts[shelf.slug], turns) for shelf in wanted}
    views = {
        shelf.slug: model_shelf(
            shelf,
            parts[shelf.slug],
            contents[shelf.slug],
            films.take(shelf, items_of([contents[shelf.slug]]), SHOWN, turned[shelf.slug]),
        )
        for shelf in sorted(wanted, key=lambda shelf: turned[shelf.slug] > 0)
    }
    return {
        shelf.slug: in_its_place(place, views[shelf.slug]) for place, shelf in enumerate(wanted)
    }


def turn_of(part: Part, turns: Turns) -> int:
    """A new run starts from its best films again."""
    run, turn = turns.get(part.name, (0, 0))
    return turn if part.source and part.source.pk == run else 0


def in_its_place(place: int, view: ShelfView) -> ShelfView:
    """Not to be seen while it has nothing to show, or when too many wait above it."""
    waits_below = place >= WAITING_IN_SIGHT and view.state in WAITING_STATES
    return replace(view, unseen=waits_below or view.state == State.EMPTY)


@dataclass(frozen=True)
class Refreshing:
    """The banner above shelves that are being made anew."""

    rating: Rating | None
    stalled: bool
    progress: float | None
    poll: Poll | None


#: A rating made longer ago than this is not what the viewer remembers having just done.
JUST_NOW = timedelta(minutes=10)


def refreshing(standing: "Standing", since: "datetime | None" = None) -> Refreshing | None:
    """The banner of a page whose shelves are shown while they are made anew."""
    return being_made(standing, "fragment-refreshing", since) if standing.good else None


def being_made(
    standing: "Standing", asks: str, since: "datetime | None" = None
) -> Refreshing | None:
    whole = part(standing, "", since)
    if not (standing.in_flight or standing.put_off) or not whole.polls:
        return None
    latest = standing.viewer.ratings.select_related("movie").order_by("-rated_at").first()
    just_now = latest is not None and latest.rated_at > standing.read_at - JUST_NOW
    poll = poll_for(whole, reverse(asks))
    return Refreshing(latest if just_now else None, whole.stalled, whole.progress, poll)
