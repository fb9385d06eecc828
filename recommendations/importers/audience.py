"""A simulated audience: who of them sees which of the built-in films, and how they rate it.

Each viewer is a mixture of a few archetypes. What they see follows a film's fame, how it suits
them, and when they were young; how they rate it follows the film's quality, how it suits them,
their own level and some chance. Every number is drawn from one generator with a fixed seed.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recommendations.importers.films import KnownFilm
from recommendations.importers.simulation import apportion, in_steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

VIEWERS = 650
RATINGS = 60_000
FEWEST, MOST = 20, 450
SEED = 1895

HOME_COUNTRY = "United States"

#: Films before this year are classics.
CLASSIC = 1965

DAY = 24 * 3600
YEAR = 365.25 * DAY
FIRST_DAY = datetime(1998, 1, 1, tzinfo=UTC).timestamp()
LAST_DAY = datetime(2025, 12, 1, tzinfo=UTC).timestamp()

#: What fame, from 1 to 5, adds to the log odds of a film's being seen, and how much suiting does.
FAME_PULL = (0.0, 0.6, 1.8, 3.6, 5.6)
SUITING_PULL = 2.1
#: For each decade that a film is older than what a viewer saw when young.
OLD_DECADE_PULL = -0.3

#: How many stars they move.
MEAN_STARS = 3.25
QUALITY_SPREAD = 0.4
FAME_STARS = 0.1
SUITING_STARS = 0.65
BIAS_SPREAD = 0.35
NOISE = 0.7

#: The share of viewers who never give a half star.
WHOLE_STARS_ONLY = 0.3


@dataclass(frozen=True)
class Archetype:
    """What somebody of one taste only looks for; the weights have no unit."""

    genres: Mapping[str, float] = field(default_factory=dict)
    foreign: float = 0.0
    classic: float = 0.0
    fame: float = 0.0


ARCHETYPES = {
    "blockbusters": Archetype({"Action": 1.2, "Adventure": 1, "Sci-Fi": 0.4}, -0.3, -0.5, 0.5),
    "classic Hollywood": Archetype({"Romance": 0.3, "Western": 0.4}, -0.3, 1.6),
    "world cinema": Archetype({"Drama": 0.5, "Action": -0.4}, 1.5, 0.2, -0.3),
    "horror": Archetype({"Horror": 2.2, "Mystery": 0.3, "Thriller": 0.4}),
    "family": Archetype({"Children": 1.4, "Animation": 1.2, "Fantasy": 0.4, "Horror": -0.8}),
    "romance": Archetype({"Romance": 1.4, "Comedy": 0.4, "Horror": -0.6, "War": -0.4}),
    "comedy": Archetype({"Comedy": 1.6, "Drama": -0.6, "War": -0.3}, -0.2, -0.2),
    "worlds that are not": Archetype({"Sci-Fi": 1.6, "Fantasy": 1.2, "Drama": -0.3}),
    "crime": Archetype({"Crime": 1.3, "Film-Noir": 1, "Thriller": 0.6, "Mystery": 0.6}),
    "documentaries": Archetype({"Documentary": 2.8, "Drama": 0.2}),
    "musicals": Archetype({"Musical": 2.2, "Romance": 0.3, "Action": -0.4}),
    "cult": Archetype({"Comedy": 0.2, "Sci-Fi": 0.2, "Horror": 0.2}, 0.1, -0.3, -1),
    "prestige": Archetype({"Drama": 1.3, "War": 0.5, "Horror": -0.5}, 0, -0.2, 0.2),
    "men on horses": Archetype({"Western": 2, "War": 1.4}, 0, 0.3),
}

#: How much of a mixture one archetype is: the smaller, the more.
MIXING = 0.16

#: Beside its genres, an archetype likes or dislikes a director by so much.
DIRECTOR_SPREAD = 0.2


class SimulatedRatings(NamedTuple):
    """By viewer and film; (n,) each. Viewers and films count from 1."""

    viewers: "NDArray[np.int64]"
    films: "NDArray[np.int64]"
    stars: "Matrix"
    seconds: "NDArray[np.int64]"


@dataclass(frozen=True, eq=False)
class People:
    """(n,) each, but for `suiting`: (n, films), how each film suits each, about normal."""

    suiting: "Matrix"
    joined: "Matrix"
    left: "Matrix"
    young_in: "Matrix"


def simulate(films: Sequence[KnownFilm]) -> SimulatedRatings:
    """Let the audience see and rate `films`; the same films give the same ratings."""
    random = np.random.Generator(np.random.PCG64(SEED))
    people = gather(films, random)
    viewers, seen = choose(films, people, random)
    stars = rate(films, people.suiting[viewers, seen], viewers, seen, random)
    seconds = date(films, people, viewers, seen, random)
    return SimulatedRatings(viewers + 1, seen + 1, stars, seconds)


def gather(films: Sequence[KnownFilm], random: np.random.Generator) -> People:
    mixtures = random.dirichlet(np.full(len(ARCHETYPES), MIXING), VIEWERS)
    joined = FIRST_DAY + (LAST_DAY - YEAR - FIRST_DAY) * random.random(VIEWERS)
    stayed = YEAR * random.lognormal(0.5, 1.0, VIEWERS)
    age = 14 + random.gamma(3.0, 6.0, VIEWERS)
    return People(
        suiting=mixtures @ appeal(films, random).T,
        joined=joined,
        left=np.minimum(joined + stayed, LAST_DAY),
        young_in=1970 + joined / YEAR - age + 12,
    )


def appeal(films: Sequence[KnownFilm], random: np.random.Generator) -> "Matrix":
    """What each archetype finds in each film: (films, archetypes), each of mean 0, deviation 1."""
    found = np.array([[liking(each, film) for each in ARCHETYPES.values()] for film in films])
    first_directors = [(film.directors or [""])[0] for film in films]
    place = {name: number for number, name in enumerate(dict.fromkeys(first_directors))}
    beloved = random.normal(0, DIRECTOR_SPREAD, (len(place), len(ARCHETYPES)))
    found = standardised(found) + beloved[[place[name] for name in first_directors]]
    return standardised(found)


def liking(archetype: Archetype, film: KnownFilm) -> float:
    genres = sum(archetype.genres.get(genre, 0.0) for genre in film.genres)
    return (
        genres / math.sqrt(max(1, len(film.genres)))
        + archetype.foreign * (film.country != HOME_COUNTRY)
        + archetype.classic * (film.year < CLASSIC)
        + archetype.fame * (film.fame - 3) / 2
    )


def standardised(matrix: "Matrix") -> "Matrix":
    scaled: Matrix = (matrix - matrix.mean(axis=0)) / (matrix.std(axis=0) + 1e-9)
    return scaled


def choose(
    films: Sequence[KnownFilm], people: People, random: np.random.Generator
) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
    """Who sees what: places of viewers and films, in order.

    The films of highest log odds plus Gumbel noise are a draw without replacement by the odds.
    """
    fame = np.array([FAME_PULL[film.fame - 1] for film in films])
    age = np.maximum(0, people.young_in[:, None] - years(films)) / 10
    odds = fame + random.normal(0, 0.4, len(films))
    odds = odds + SUITING_PULL * people.suiting + OLD_DECADE_PULL * age
    odds[released(films) + 30 * DAY > people.left[:, None]] = -np.inf
    odds += random.gumbel(size=odds.shape)
    counts = apportion(random.lognormal(0, 0.8, VIEWERS), RATINGS, FEWEST, MOST)
    rank = np.argsort(np.argsort(-odds, axis=1, kind="stable"), axis=1)
    viewers, seen = np.nonzero((rank < counts[:, None]) & np.isfinite(odds))
    return viewers, seen


def rate(
    films: Sequence[KnownFilm],
    suiting: "Matrix",
    viewers: "NDArray[np.int64]",
    seen: "NDArray[np.int64]",
    random: np.random.Generator,
) -> "Matrix":
    """Stars for each rating: (n,). Viewers differ in level, in spread, and in using halves."""
    fame = np.array([film.fame for film in films])
    quality = FAME_STARS * (fame - 3) + random.normal(0, QUALITY_SPREAD, len(films))
    bias = random.normal(0, BIAS_SPREAD, VIEWERS)
    spread = random.lognormal(0, 0.25, VIEWERS)
    step = np.where(random.random(VIEWERS) < WHOLE_STARS_ONLY, 1.0, 0.5)
    moved = quality[seen] + SUITING_STARS * suiting + random.normal(0, NOISE, len(seen))
    return in_steps(MEAN_STARS + bias[viewers] + spread[viewers] * moved, step[viewers])


def date(
    films: Sequence[KnownFilm],
    people: People,
    viewers: "NDArray[np.int64]",
    seen: "NDArray[np.int64]",
    random: np.random.Generator,
) -> "NDArray[np.int64]":
    """When each rating was given: most soon after joining, and none before the film was out."""
    joined, left = people.joined[viewers], people.left[viewers]
    moment = joined + (left - joined) * random.beta(0.4, 1.0, len(seen))
    out = np.maximum(released(films)[seen], joined)
    later = out + (left - out) * random.random(len(seen))
    return np.where(moment < out, later, moment).astype(np.int64)


def years(films: Sequence[KnownFilm]) -> "NDArray[np.int64]":
    return np.array([film.year for film in films])


def released(films: Sequence[KnownFilm]) -> "Matrix":
    """The middle of the year in which each film came out: (films,) seconds."""
    return np.asarray((years(films) - 1970 + 0.5) * YEAR, np.float64)
