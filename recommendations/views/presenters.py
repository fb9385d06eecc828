"""What templates are given: shelves and predictions, ready to be drawn in their present state."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from recommendations.models import Movie, Rating, Scores, Viewer
from recommendations.models.taste import Taste
from recommendations.pipeline.states import WAITING_STATES, Part, State, part
from recommendations.shelves import HOME_SHELVES, SHOWN, ModelShelf, QueryShelf, Shelf

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from recommendations.pipeline.requests import Standing

#: While a run was queued or claimed less than this ago, a fragment asks again after so many
#: milliseconds, the first time and then each time.
RHYTHM = [
    (timedelta(seconds=2), 300, 1_000),
    (timedelta(seconds=10), 1_000, 2_000),
    (timedelta(seconds=60), 3_000, 5_000),
    (timedelta.max, 10_000, 15_000),
]

#: So many shelves wait in sight; more of them poll unseen, and appear when they have films.
WAITING_IN_SIGHT = 5

#: The same when nothing is at work: no model, or no worker.
IDLE_RHYTHM = (5_000, 10_000)


@dataclass(frozen=True)
class Poll:
    """Where and how often a fragment asks for its successor.

    `since` is when its page began to ask, in seconds of the epoch; `seen` is what it shows now.
    """

    path: str
    since: int
    seen: str
    delay: int
    every: int

    @property
    def url(self) -> str:
        return f"{self.path}?since={self.since}&seen={self.seen}"


def poll_for(part: Part, path: str) -> Poll | None:
    if not part.polls:
        return None
    delay, every = rhythm(part)
    if part.source:
        # Not how far the next is: a shelf of films is left as it is until there are others.
        shown = (part.state, int(part.stalled), part.source.pk)
    else:
        shown = (part.state, round(20 * (part.progress or 0)), every)
    return Poll(path, int(part.since.timestamp()), "-".join(map(str, shown)), delay, every)


def rhythm(part: Part) -> tuple[int, int]:
    if part.stalled:
        return IDLE_RHYTHM
    return next((delay, every) for limit, delay, every in RHYTHM if part.standing.quiet < limit)


def shelf_path(shelf: Shelf) -> str:
    return reverse("fragment-shelf", args=[shelf.slug])


@dataclass(frozen=True)
class Card:
    """One film as a shelf shows it."""

    movie: Movie
    stars: float | None = None
    because: list[Movie] = field(default_factory=list)

    @property
    def reason(self) -> str:
        return f"because you rated {' and '.join(movie.short_title for movie in self.because)}"


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
    waited: int = 0
    poll: Poll | None = None
    path: str = ""
    see_all: str = ""
    unseen: bool = False

    @property
    def is_over(self) -> bool:
        """It has nothing to show, and no run is on its way that may change that."""
        return self.state == State.EMPTY and not self.poll

    @property
    def listens(self) -> bool:
        """It has come to an end that a retry elsewhere on the page may change."""
        return self.state in {State.FAILED, State.TIMED_OUT} or self.refresh_failed

    @property
    def skeletons(self) -> range:
        return range(8)


class Films:
    """The films that a page's predictions name, read in one query; each is shown once."""

    def __init__(self, viewer: Viewer, parts: "Iterable[Part]") -> None:
        ids = set()
        for item in (item for each in parts for item in each.content.get("items", [])):
            ids.update([item["movie"], *item["because"]])
        rated = Rating.objects.filter(viewer=viewer, movie=OuterRef("pk"))
        films: QuerySet[Any] = Movie.objects.filter(pk__in=ids).annotate(rated=Exists(rated))
        self.by_id = {film.pk: film for film in films} if ids else {}
        self.shown: set[int] = set()

    def cards(self, shelf: Shelf, items: list[dict[str, Any]], limit: int) -> list[Card]:
        """Cards for the first that are still rated, or not, as the shelf's are, and shown once."""
        fresh = [
            Card(film, item["stars"], [self.by_id[i] for i in item["because"] if i in self.by_id])
            for item in items
            if (film := self.by_id.get(item["movie"]))
            and film.rated == shelf.of_rated
            and film.pk not in self.shown
        ][:limit]
        self.shown.update(card.movie.pk for card in fresh)
        return fresh


def model_shelf(shelf: Shelf, part: Part, films: Films, limit: int = SHOWN) -> ShelfView:
    cards = films.cards(shelf, part.content.get("items", []), limit)
    too_few = part.state == State.READY and len(cards) < shelf.least
    state = State.EMPTY if too_few else part.state
    return ShelfView(
        slug=shelf.slug,
        title=part.content.get("title", shelf.title),
        reason=part.content.get("reason", shelf.reason),
        state=state,
        cards=cards,
        refreshing=part.refreshing,
        stalled=part.stalled,
        refresh_failed=part.refresh_failed,
        progress=part.progress,
        waited=int(part.standing.waited.total_seconds()),
        poll=poll_for(part, shelf_path(shelf)),
        path=shelf_path(shelf),
        see_all=reverse("shelf", args=[shelf.slug]) if state == State.READY else "",
    )


def query_shelf(
    shelf: QueryShelf,
    viewer: Viewer | None,
    taken: "Iterable[int]" = (),
    limit: int = SHOWN,
) -> ShelfView:
    films = shelf.films().exclude(pk__in=list(taken))
    if viewer:
        films = films.exclude(Exists(viewer.ratings.filter(movie=OuterRef("pk"))))
    cards = cards_of(films[:limit], viewer)
    return ShelfView(
        slug=shelf.slug,
        title=shelf.title,
        reason=shelf.reason,
        state=State.READY if cards else State.EMPTY,
        cards=cards,
        see_all=reverse("shelf", args=[shelf.slug]),
    )


def cards_of(films: "Iterable[Movie]", viewer: Viewer | None) -> list[Card]:
    """Cards with the stars that the viewer's stored scores predict."""
    films = list(films)
    predicted = stored_stars(viewer, [film.pk for film in films])
    return [Card(film, predicted.get(film.pk)) for film in films]


def stored_stars(viewer: Viewer | None, movie_ids: list[int]) -> dict[int, float]:
    scores: Scores | None = getattr(viewer, "scores", None)
    return scores.predicted_stars(movie_ids) if scores else {}


@dataclass(frozen=True)
class Home:
    shelves: list[ShelfView]
    refreshing: "Refreshing | None" = None


def home(viewer: Viewer | None, standing: "Standing | None", taste: Taste) -> Home:
    """All shelves that this viewer sees, in page order, no film twice."""
    filled = model_shelves(standing, taste) if standing else {}
    shown: list[ShelfView] = []
    for shelf in HOME_SHELVES:
        if isinstance(shelf, QueryShelf):
            taken = [card.movie.pk for view in shown for card in view.cards]
            shown.append(query_shelf(shelf, viewer, taken))
        elif shelf.slug in filled:
            shown.append(filled[shelf.slug])
    return Home(
        [view for view in shown if not view.is_over], refreshing(standing) if standing else None
    )


def model_shelves(
    standing: "Standing", taste: Taste, since: "datetime | None" = None
) -> dict[str, ShelfView]:
    """By slug, the shelves that a run fills, for a viewer with such ratings.

    They are made together, so that a fragment shows just what the page does.
    """
    wanted = [s for s in HOME_SHELVES if isinstance(s, ModelShelf) and s.is_for(taste)]
    parts = {shelf.slug: part(standing, shelf.slug, since) for shelf in wanted}
    films = Films(standing.viewer, parts.values())
    return {
        shelf.slug: in_its_place(place, model_shelf(shelf, parts[shelf.slug], films))
        for place, shelf in enumerate(wanted)
    }


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
    whole = part(standing, "", since)
    if standing.good is None or standing.in_flight is None or not whole.polls:
        return None
    latest = standing.viewer.ratings.select_related("movie").order_by("-rated_at").first()
    just_now = latest is not None and latest.rated_at > standing.read_at - JUST_NOW
    poll = poll_for(whole, reverse("fragment-refreshing"))
    return Refreshing(latest if just_now else None, whole.stalled, whole.progress, poll)


@dataclass(frozen=True)
class FilmPrediction:
    """What one film would get from the viewer, in its present state."""

    movie_id: int
    state: str
    stars: float | None = None
    low: float | None = None
    high: float | None = None
    because: list[tuple[Movie, float]] = field(default_factory=list)
    mostly: bool = False
    rating_count: int = 0
    refreshing: bool = False
    stalled: bool = False
    refresh_failed: bool = False
    poll: Poll | None = None

    @property
    def url(self) -> str:
        return reverse("fragment-film-prediction", args=[self.movie_id])


def film_prediction(
    movie: Movie, standing: "Standing", since: "datetime | None" = None
) -> FilmPrediction:
    known = part(standing, "film", since)
    content = known.content
    named = Movie.objects.in_bulk([film for film, _ in content.get("because", [])])
    return FilmPrediction(
        movie_id=movie.pk,
        state="unknown_film" if content.get("unknown") else known.state,
        stars=content.get("stars") or stored_stars(standing.viewer, [movie.pk]).get(movie.pk),
        low=content.get("low"),
        high=content.get("high"),
        because=[
            (named[film], stars) for film, stars in content.get("because", []) if film in named
        ],
        mostly=content.get("mostly", False),
        rating_count=content.get("ratings", 0),
        refreshing=known.refreshing,
        stalled=known.stalled,
        refresh_failed=known.refresh_failed,
        poll=poll_for(known, reverse("fragment-film-prediction", args=[movie.pk])),
    )
