"""One film of the watchlist for this evening.

What was drawn is in the address alone: the seed of the draw, the turn, and what was turned down.
"""

from dataclasses import dataclass, replace
from typing import Self

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from recommendations.middleware import viewer_of
from recommendations.models import Mark, Movie, Viewer
from recommendations.models.marks import done_with
from recommendations.tonight import LIKELIER, SEEDS, drawn, new_seed
from recommendations.views.cards import Card, cards_of, stored_stars
from recommendations.views.home.newest_picks import newest_picks
from recommendations.views.posting import came_from

#: Films that can be turned down in one evening.
MOST_TURNED_DOWN = 100

#: The longest evening, in minutes.
LONGEST = 1_000


@dataclass(frozen=True)
class Evening:
    """What the address says."""

    seed: int
    turn: int = 0
    minutes: int | None = None
    turned_down: tuple[int, ...] = ()

    @classmethod
    def read(cls, query: QueryDict) -> Self:
        """A value that makes no sense is left out, as in an address that was cut off."""
        seed, minutes = number(query.get("seed"), SEEDS), number(query.get("minutes"), LONGEST)
        refused = [number(film, 10**9) for film in query.get("not", "").split(",")]
        return cls(
            new_seed() if seed is None else seed,
            number(query.get("turn"), 10**6) or 0,
            minutes or None,
            tuple(film for film in refused if film)[-MOST_TURNED_DOWN:],
        )

    @property
    def url(self) -> str:
        query = QueryDict(mutable=True)
        query.update({"seed": str(self.seed), "turn": str(self.turn)})
        if self.minutes:
            query["minutes"] = str(self.minutes)
        if self.turned_down:
            query["not"] = ",".join(map(str, self.turned_down))
        return f"{reverse('tonight')}?{query.urlencode(safe=',')}"

    @property
    def another(self) -> str:
        return replace(self, turn=self.turn + 1).url

    def without(self, film: int) -> str:
        turned_down = (*self.turned_down, film)[-MOST_TURNED_DOWN:]
        return replace(self, turned_down=turned_down).url

    @property
    def any_length(self) -> str:
        return replace(self, minutes=None, turn=0).url

    @property
    def anew(self) -> str:
        return replace(self, turned_down=(), turn=0).url


def number(text: str | None, below: int) -> int | None:
    """The whole number that `text` is, if it is one from 0 up to `below`."""
    if text is None or not (text.isascii() and text.isdigit() and len(text) < 10):
        return None
    return int(text) if int(text) < below else None


@dataclass(frozen=True)
class Wanted:
    """The watchlist as far as the choice needs it: each film's length, and stars to draw by."""

    runtimes: dict[int, int | None]
    predicted: dict[int, float]
    stars: dict[int, float]

    @classmethod
    def of(cls, viewer: Viewer | None) -> "Wanted":
        rows = Mark.objects.filter(viewer=viewer, kind=Mark.Kind.WATCHLIST).order_by()
        films = list(rows.values_list("movie_id", "movie__runtime", "movie__damped_mean"))
        predicted = stored_stars(viewer, [film for film, _, _ in films]) if films else {}
        stars = {film: predicted.get(film, mean) for film, _, mean in films}
        return cls({film: runtime for film, runtime, _ in films}, predicted, stars)

    @property
    def knows_runtimes(self) -> bool:
        return any(self.runtimes.values())

    def short_enough(self, minutes: int | None) -> list[int]:
        """Films of at most so many minutes; one of unknown length is not known to be."""
        if minutes is None:
            return list(self.runtimes)
        return [film for film, runtime in self.runtimes.items() if runtime and runtime <= minutes]

    def rank(self, film: int) -> int:
        """1 for the film that should be liked most."""
        return 1 + sum(stars > self.stars[film] for stars in self.stars.values())


@dataclass(frozen=True)
class Choice:
    movie: Movie
    stars: float | None
    rank: int
    others: bool


def choose(wanted: Wanted, evening: Evening) -> Choice | None:
    """The film whose turn it is."""
    refused = set(evening.turned_down)
    left = [film for film in wanted.short_enough(evening.minutes) if film not in refused]
    if not left:
        return None
    order = drawn({film: wanted.stars[film] for film in left}, evening.seed)
    film = order[evening.turn % len(order)]
    movie = Movie.objects.prefetch_related("genres").get(pk=film)
    return Choice(movie, wanted.predicted.get(film), wanted.rank(film), len(order) > 1)


@require_safe
@never_cache
def tonight(request: HttpRequest) -> HttpResponse:
    viewer, evening = viewer_of(request), Evening.read(request.GET)
    wanted = Wanted.of(viewer)
    choice = choose(wanted, evening)
    context = {
        "evening": evening,
        "wanted": wanted,
        "likelier": LIKELIER,
        "choice": choice,
        "without": evening.without(choice.movie.pk) if choice else "",
        "fitting": len(wanted.short_enough(evening.minutes)),
        "offer": None if wanted.stars else offer(viewer),
    }
    return render(request, "recommendations/tonight.html", context)


def offer(viewer: Viewer | None) -> Card | None:
    """For who has an empty watchlist: the best pick there is, else a film that many know."""
    picks = newest_picks(viewer).cards if viewer else []
    if picks:
        return picks[0]
    known = done_with(viewer) if viewer else ()
    return next(iter(cards_of(Movie.objects.popular().exclude(pk__in=known)[:1], viewer)), None)


@require_POST
def seen_tonight(request: HttpRequest, movie_id: int) -> HttpResponse:
    """It was seen, so that it leaves the watchlist; the next one takes its place."""
    movie = get_object_or_404(Movie, pk=movie_id)
    if viewer := viewer_of(request):
        Mark.put(viewer, movie, Mark.Kind.SEEN)
        messages.success(request, f"{movie.short_title} is marked as seen.")
    return redirect(came_from(request, reverse("tonight")))
