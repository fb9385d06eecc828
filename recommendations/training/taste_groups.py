"""Groups of well-known films that the same people like, named by what is frequent in them."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING, Any

import numpy as np

from recommendations.engine.clusters import affinity, belonging, clusters
from recommendations.engine.neighbours import MIN_SUPPORT
from recommendations.franchises import franchises
from recommendations.models import Movie

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from recommendations.engine.contract import Model

#: The films that are known best are grouped, with so many to a group on average.
KNOWN = 400
OF_A_GROUP = 33

#: Examples that are kept of a group; one with fewer is no group.
EXAMPLES = 8
FEWEST = 4

#: A genre or a decade names a group that has it in this share of its films; the second genre,
#: besides, if it is telling enough beside the first.
OFTEN = 0.5
MOSTLY = 2 / 3
BESIDE = 0.25

#: These say nothing of what a film is like.
NOT_A_KIND = {"IMAX", "(no genres listed)"}

#: What the films of a genre are called, where it is not "… films".
CALLED = {
    "Children": "family films",
    "Comedy": "comedies",
    "Documentary": "documentaries",
    "Drama": "dramas",
    "Film-Noir": "film noir",
    "Musical": "musicals",
    "Mystery": "mysteries",
    "Thriller": "thrillers",
    "Western": "westerns",
}


@dataclass(frozen=True)
class Film:
    pk: int
    kinds: frozenset[str]
    decade: int | None
    franchise: str


def taste_groups(model: "Model") -> list[dict[str, Any]]:
    """For `TrainedModel.taste_groups`: the largest group first; none for too few known films."""
    known = np.flatnonzero(model.support >= MIN_SUPPORT)
    films = known[np.argsort(-model.support[known], kind="stable")][:KNOWN].astype(np.int32)
    alike = affinity(model, films)
    k = int(alike.any(axis=1).sum()) // OF_A_GROUP
    if k < 2:
        return []
    labels = clusters(alike, k)
    # Typical of the group, and known to many.
    telling = belonging(alike, labels) * model.support[films]
    described = read(model.film_ids[films].tolist())
    groups: dict[int, list[Film]] = defaultdict(list)
    for place in np.argsort(-telling, kind="stable"):
        if film := described.get(int(model.film_ids[films[place]])):
            groups[int(labels[place])].append(film)
    return named(list(groups.values()), list(described.values()))


def read(ids: list[int]) -> dict[int, Film]:
    of_franchise = franchises()
    movies = Movie.objects.filter(pk__in=ids).prefetch_related("genres")
    return {
        movie.pk: Film(
            movie.pk,
            frozenset(genre.name for genre in movie.genres.all()) - NOT_A_KIND,
            movie.year // 10 * 10 if movie.year else None,
            of_franchise.get(movie.pk, ""),
        )
        for movie in movies
    }


def named(groups: "Iterable[Sequence[Film]]", all_films: "Sequence[Film]") -> list[dict[str, Any]]:
    """Groups with a name and examples; those of one name are one group, whose films alternate."""
    together: dict[str, list[Sequence[Film]]] = defaultdict(list)
    usual = shares(all_films)
    for group in sorted(groups, key=len, reverse=True):
        kinds, decade = kinds_of(group, usual), decade_of(group)
        fitting = [
            film
            for film in group
            if (not kinds or film.kinds & set(kinds)) and decade in {None, film.decade}
        ]
        together[name_of(kinds, decade)].append(fitting)
    return [
        {"name": name, "films": examples}
        for name, parts in together.items()
        if len(examples := examples_of(parts)) >= FEWEST
    ]


def shares(films: "Sequence[Film]") -> dict[str, float]:
    """The share of the films that is of each kind."""
    counted = Counter(kind for film in films for kind in film.kinds)
    return {kind: count / len(films) for kind, count in counted.items()}


def kinds_of(group: "Sequence[Film]", usual: dict[str, float]) -> list[str]:
    """One kind or two that are frequent here and less so elsewhere, the most telling first.

    Telling is what a kind adds to the divergence of Kullback and Leibler (1951) of the group
    from all films: share · log2(share / usual share).
    """
    telling = {
        kind: share * log2(share / usual[kind])
        for kind, share in shares(group).items()
        if share >= OFTEN
    }
    best = sorted(telling, key=lambda kind: (-telling[kind], kind))[:2]
    return [kind for kind in best if telling[kind] >= max(BESIDE * telling[best[0]], 0)]


def decade_of(group: "Sequence[Film]") -> int | None:
    [(decade, count)] = Counter(film.decade for film in group).most_common(1)
    return decade if count >= MOSTLY * len(group) else None


def name_of(kinds: "Sequence[str]", decade: int | None) -> str:
    """Such as "Crime and thrillers of the 90s"."""
    if len(kinds) == 1:
        what = CALLED.get(kinds[0], f"{kinds[0].lower()} films")
    else:
        what = " and ".join(CALLED.get(kind, kind.lower()) for kind in kinds) or "films"
    when = f" of the {decade if decade >= 2000 else decade % 100}s" if decade else ""
    return (what + when).capitalize() if kinds or decade else "A bit of everything"


def examples_of(parts: "Sequence[Sequence[Film]]") -> list[int]:
    """The first films of the parts by turns, one of a franchise."""
    longest = max(map(len, parts))
    turns = [part[place] for place in range(longest) for part in parts if place < len(part)]
    taken: list[int] = []
    seen: set[str] = set()
    for film in turns:
        if film.franchise not in seen or not film.franchise:
            taken.append(film.pk)
            seen.add(film.franchise)
    return taken[:EXAMPLES]
