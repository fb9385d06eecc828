"""The viewers nearest in taste: too much to look for while a page waits.

Nearness is the correlation of two viewers' ratings of the films that both have rated, each less
what everybody gives that film, shrunk towards none when the films are few: r · n / (n + 25). It is
Pearson's, with the weight for significance of Herlocker, Konstan, Borchers and Riedl (1999, *An
Algorithmic Framework for Performing Collaborative Filtering*) in the form that Bell and Koren
(2007, *Improved Neighborhood-based Collaborative Filtering*) give it.

Only those are compared who rated many of the viewer's least common films: they are found through a
bounded number of ratings however many there are.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db.models import Count

from recommendations.models import Rating, Viewer
from recommendations.models.catalogue import SUPPORT
from recommendations.models.marks import done_with
from recommendations.models.taste import LIKED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Ratings of the viewer's least common films that are looked through, and who is then compared.
LOOKED_THROUGH = 100_000
COMPARED = 300

#: Two viewers who both rated fewer films than this cannot be compared.
LEAST_SHARED = 5

#: With so many shared films, a correlation counts for half.
SHRINKAGE = 25.0

#: Who gave the same stars to this share of the films is whom a copied taste is from.
SAME = 0.9

#: Viewers that are named, and films that are named with each.
NEAREST = 6
FILMS = 6

ROW = np.dtype([("viewer", np.int64), ("movie", np.int32), ("stars", np.float64)])


@dataclass(frozen=True, eq=False)
class Comparison:
    """How near the compared viewers are, by their ids: arrays of (n_viewers,).

    shared: films that both rated
    agreed: those of them that lie on the same side of what each of the two usually gives
    same:   the share of them that were given the very same stars
    """

    viewers: "NDArray[np.int64]"
    nearness: "Floats"
    shared: "NDArray[np.int64]"
    agreed: "NDArray[np.int64]"
    same: "Floats"


def nearest(viewer: Viewer) -> dict[str, Any]:
    """The part of a prediction's result that names them, the nearest first.

    A film that one of them recommends, those after do not.
    """
    compared = compare(viewer, candidates(viewer))
    mine = set(viewer.ratings.filter(stars__gte=LIKED).values_list("movie_id", flat=True))
    known = done_with(viewer)
    viewers = []
    for place in chosen(compared, viewer):
        found = described(compared, place, mine, known)
        known.update(found["theirs"])
        viewers.append(found)
    return {"compared": len(compared.viewers), "viewers": viewers}


def described(compared: Comparison, place: int, mine: set[int], known: set[int]) -> dict[str, Any]:
    """One viewer: how near, films that both love, and films for somebody who knows these."""
    other = int(compared.viewers[place])
    loved = loved_by(other)
    return {
        "viewer": other,
        "nearness": round(float(compared.nearness[place]), 3),
        "shared": int(compared.shared[place]),
        "agreed": int(compared.agreed[place]),
        "both": [film for film in loved if film in mine][:FILMS],
        "theirs": [film for film in loved if film not in known][:FILMS],
    }


def loved_by(viewer_id: int) -> list[int]:
    """Films with enough ratings that this viewer likes, the dearest first."""
    liked = Rating.objects.filter(
        viewer=viewer_id, stars__gte=LIKED, movie__rating_count__gte=SUPPORT
    )
    best = liked.order_by("-stars", "-movie__damped_mean", "movie_id")
    return list(best.values_list("movie_id", flat=True))


def candidates(viewer: Viewer) -> list[int]:
    """Ids of the viewers who rated the most of the least common films of `viewer`."""
    rare = least_common(viewer)
    others = Rating.objects.contributed().filter(movie__in=rare).exclude(viewer=viewer)
    shared = others.order_by().values("viewer").annotate(shared=Count("pk"))
    enough = shared.filter(shared__gte=min(LEAST_SHARED, len(rare)))
    return list(enough.order_by("-shared", "viewer").values_list("viewer", flat=True)[:COMPARED])


def least_common(viewer: Viewer) -> list[int]:
    """Films that somebody else rated too, the rarest first, as long as there are not too many."""
    rated = viewer.ratings.filter(movie__rating_count__gt=int(viewer.contributes))
    counts = list(
        rated.order_by("movie__rating_count", "movie_id").values_list(
            "movie_id", "movie__rating_count"
        )
    )
    so_far = np.cumsum([count for _, count in counts])
    few = max(1, int(np.searchsorted(so_far, LOOKED_THROUGH, side="right")))
    return [film for film, _ in counts[:few]]


def compare(viewer: Viewer, others: list[int]) -> Comparison:
    """Each of `others` with the viewer, on all the films that both rated."""
    mine = viewer.ratings.order_by("movie_id")
    rated = np.array(
        list(mine.values_list("movie_id", "stars", "movie__damped_mean")), np.float64
    ).reshape(-1, 3)
    theirs = Rating.objects.filter(viewer__in=others, movie__in=viewer.ratings.values("movie"))
    rows = np.fromiter(theirs.order_by().values_list("viewer_id", "movie_id", "stars"), ROW)
    film = np.searchsorted(rated[:, 0], rows["movie"])
    viewers, of = np.unique(rows["viewer"], return_inverse=True)
    shared = np.bincount(of, minlength=len(viewers))
    one = centred(of, rated[film, 1] - rated[film, 2])
    other = centred(of, rows["stars"] - rated[film, 2])
    trust = np.where(shared >= LEAST_SHARED, shared / (shared + SHRINKAGE), 0)
    return Comparison(
        viewers,
        trust * correlations(of, one, other),
        shared,
        np.bincount(of, one * other > 0, len(viewers)).astype(int),
        np.bincount(of, rows["stars"] == rated[film, 1], len(viewers)) / np.maximum(shared, 1),
    )


def centred(group: "NDArray[np.intp]", values: "Floats") -> "Floats":
    """Each value less the mean of its group."""
    return values - (np.bincount(group, values) / np.maximum(np.bincount(group), 1))[group]


def correlations(group: "NDArray[np.intp]", one: "Floats", other: "Floats") -> "Floats":
    """Pearson's of two centred arrays of (n,), within each group; 0 where one does not vary."""
    together = np.bincount(group, one * other)
    spread = np.sqrt(np.bincount(group, one**2) * np.bincount(group, other**2))
    return np.asarray(together / np.where(spread > 1e-9, spread, np.inf))


def chosen(compared: Comparison, viewer: Viewer) -> list[int]:
    """Places of the nearest, without whom the taste was copied from."""
    near = compared.nearness > 0
    if viewer.is_copy:
        near &= compared.same < SAME
    order = np.argsort(-compared.nearness, kind="stable")
    return [int(place) for place in order if near[place]][:NEAREST]
