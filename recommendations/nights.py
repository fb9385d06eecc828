"""Films that several viewers can watch together.

They are ranked by least misery: a film is as good for the group as for whom it is worst. PolyLens
chose it for small groups (O'Connor, Cosley, Konstan and Riedl, 2001, *PolyLens: A Recommender
System for Groups of Users*); people who choose for a group do so too, and care about misery
(Masthoff, 2004, *Group Modeling: Selecting a Sequence of Television Items to Suit a Group of
Viewers*). Of films that are as good for the least content, the mean decides.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db.models import Avg

from recommendations.franchises import group
from recommendations.models import Movie, Rating, Viewer
from recommendations.models.marks import done_with
from recommendations.models.trained_model import films_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

PICKS = 12

#: So many of the best are read, of which some may be too many of one franchise.
BEST = 10 * PICKS
OF_A_FRANCHISE = 2

#: A film predicted so many stars below what a viewer usually gives is a risk for them.
RISK = 0.5


@dataclass(frozen=True)
class Pick:
    """A film, the lowest and the mean stars predicted for the group, and for whom it is a risk."""

    movie: Movie
    lowest: float
    mean: float
    risks: list[Viewer]


def picks(viewers: list[Viewer]) -> list[Pick]:
    """The best films for these viewers, all of whom have scores, that none of them knows."""
    films, stars = predicted(viewers)
    free = np.isin(films, supported()) & ~np.isin(films, list(done_with(*viewers)))
    films, stars = films[free], stars[:, free]
    lowest, mean = stars.min(axis=0).round(1), stars.mean(axis=0)
    best = np.lexsort((films, -mean, -lowest))[:BEST]
    movies = Movie.objects.in_bulk(films[best].tolist())
    usual = usual_stars(viewers)
    return [
        Pick(
            movie=movies[int(films[place])],
            lowest=float(lowest[place]),
            mean=float(mean[place]),
            risks=[viewers[at] for at in np.flatnonzero(stars[:, place] < usual - RISK)],
        )
        for place in without_series(best.tolist(), films, movies)
    ]


def predicted(viewers: list[Viewer]) -> "tuple[NDArray[np.int32], NDArray[np.float64]]":
    """The films that the models of all viewers know, and stars: (n,) and (n_viewers, n).

    Their scores may be of different models.
    """
    known = [films_of(viewer.scores.model_id) for viewer in viewers]
    films = reduce(np.intersect1d, known)
    stars = [
        np.frombuffer(viewer.scores.stars, np.float16)[np.searchsorted(of_model, films)]
        for viewer, of_model in zip(viewers, known, strict=True)
    ]
    return films, np.array(stars, np.float64)


def supported() -> "NDArray[Any]":
    return np.fromiter(Movie.objects.supported().values_list("pk", flat=True), np.int32)


def usual_stars(viewers: list[Viewer]) -> "NDArray[np.float64]":
    """What each gives on average, as (n_viewers,); 0 for one without ratings."""
    rated = Rating.objects.filter(viewer__in=viewers).order_by().values_list("viewer")
    means = dict(rated.annotate(Avg("stars")))
    return np.array([means.get(viewer.pk, 0.0) for viewer in viewers])


def without_series(
    places: Iterable[int], films: "NDArray[np.int32]", movies: dict[int, Movie]
) -> list[int]:
    """The first of the places, without too many films of one franchise."""
    franchise = group({film: movie.title for film, movie in movies.items()})
    taken: list[int] = []
    of_franchise: Counter[str] = Counter()
    for place in places:
        name = franchise.get(int(films[place]), "")
        of_franchise[name] += bool(name)
        if len(taken) < PICKS and of_franchise[name] <= OF_A_FRANCHISE:
            taken.append(place)
    return taken
