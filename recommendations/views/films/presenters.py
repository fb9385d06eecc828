"""What the page of a film is given: its prediction, the films near it, how others rated it."""

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from django.core.cache import caches
from django.db.models import Count
from django.urls import reverse

from recommendations.models import Movie, Neighbours, Viewer
from recommendations.models.taste import HALVES
from recommendations.pipeline.states import part
from recommendations.shelves import SHOWN, in_words
from recommendations.views.cards import Card, cards_of, stored_stars
from recommendations.views.home.presenters import ShelfView
from recommendations.views.polling import Poll, poll_for

if TYPE_CHECKING:
    from datetime import datetime

    from recommendations.pipeline.requests import Standing


#: A film with so many ratings is counted once in so many seconds.
MANY = 2_000
SECONDS_OF_BELIEF = 600


def neighbours(movie: Movie, viewer: Viewer | None) -> dict[str, ShelfView]:
    """What training stored of the films near this one; none is on both shelves."""
    row = Neighbours.objects.filter(movie=movie, model__state="active").first()
    similar = row.films[:SHOWN] if row else []
    liked = [film for film in row.also_liked if film not in similar][:SHOWN] if row else []
    found = cards_of(Movie.objects.filter(pk__in=similar + liked), viewer)
    by_film = {card.movie.pk: card for card in found}

    def cards(films: list[int]) -> list[Card]:
        return [by_film[film] for film in films if film in by_film]

    return {
        "similar": ShelfView(
            *("more-like-this", "More like this", "by genre and by shared fans"),
            cards=cards(similar),
        ),
        "also_liked": ShelfView(
            *("also-liked", "People who liked this also liked", "four stars or more for both"),
            cards=cards(liked),
        ),
    }


def histogram(movie: Movie) -> list[tuple[float, int]]:
    """For each half star, how many gave it; nothing if nobody gave any.

    Of a film that many rated it is as it was a while ago: one that 100,000 rated takes half a
    second to count.
    """
    if movie.rating_count < MANY:
        return counted(movie)
    kept: list[tuple[float, int]] | None = caches["process"].get_or_set(
        f"histogram-{movie.pk}", partial(counted, movie), SECONDS_OF_BELIEF
    )
    return kept or []


def counted(movie: Movie) -> list[tuple[float, int]]:
    given = dict(movie.ratings.contributed().order_by().values_list("stars").annotate(Count("pk")))
    return [(half, given.get(half, 0)) for half in HALVES] if given else []


@dataclass(frozen=True)
class FilmPrediction:
    """What one film would get from the viewer, in its present state."""

    movie_id: int
    state: str
    stars: float | None = None
    low: float | None = None
    high: float | None = None
    because: list[tuple[Movie, float | None]] = field(default_factory=list)
    mostly: bool = False
    rating_count: int = 0
    chosen_count: int = 0
    refreshing: bool = False
    stalled: bool = False
    refresh_failed: bool = False
    poll: Poll | None = None

    @property
    def url(self) -> str:
        return reverse("fragment-film-prediction", args=[self.movie_id])

    @property
    def verb(self) -> str:
        """What the viewer did with the films that are named."""
        done = {"chose" if stars is None else "rated" for _, stars in self.because}
        return " or ".join(sorted(done, reverse=True))

    @property
    def went_by(self) -> str:
        return in_words(self.rating_count, self.chosen_count)


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
        chosen_count=content.get("chosen", 0),
        refreshing=known.refreshing,
        stalled=known.stalled,
        refresh_failed=known.refresh_failed,
        poll=poll_for(known, reverse("fragment-film-prediction", args=[movie.pk])),
    )
