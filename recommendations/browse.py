"""The whole catalogue, filtered, sorted and cut into pages.

Sorts that are the same for everybody are indexes of the database, which a page is read from. What
a viewer's stored scores sort or filter is put in order in memory, a film by a number.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

from recommendations.models import ListEntry, Mark, Movie, Scores, Viewer
from recommendations.search import Found, search

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from recommendations.models.catalogue import MovieQuerySet

PAGE = 60

#: Nobody goes further; a page's number in an address could be any.
LAST_PAGE = 10_000


class Sort(StrEnum):
    RELEVANCE = "relevance"
    PREDICTED = "predicted"
    LIKED = "liked"
    POPULAR = "popular"
    YEAR = "year"
    TITLE = "title"


#: Each is an index of the films.
ORDERS = {
    Sort.LIKED: ("-damped_mean", "id"),
    Sort.POPULAR: ("-rating_count", "id"),
    Sort.YEAR: ("-year", "-rating_count", "id"),
    Sort.TITLE: (Lower("title"), "id"),
}


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for; what is empty does not matter.

    `rating` is "unrated", "rated" or the least stars of the viewer's own, `stars` the least that
    are predicted, `among` "watchlist", "seen" or the number of a list.
    """

    query: str = ""
    genre: str = ""
    decade: int | None = None
    rating: str = ""
    stars: float | None = None
    among: str = ""
    sort: Sort = Sort.POPULAR


@dataclass(frozen=True)
class Page:
    number: int
    films: list[Movie]
    has_more: bool

    @property
    def has_before(self) -> bool:
        return self.number > 1


class Browsing:
    """What one viewer finds of what is wanted."""

    def __init__(self, wanted: Wanted, viewer: Viewer | None) -> None:
        self.wanted, self.viewer = wanted, viewer

    def page(self, number: int) -> Page:
        first = (number - 1) * PAGE
        ids = self._ids(slice(first, first + PAGE + 1))
        films = Movie.objects.in_bulk(ids[:PAGE])
        return Page(number, [films[film] for film in ids[:PAGE] if film in films], len(ids) > PAGE)

    @cached_property
    def found(self) -> Found | None:
        return search(self.wanted.query) if self.wanted.query else None

    @property
    def by_scores(self) -> bool:
        """Films without a score are left out."""
        return self.wanted.stars is not None or self.wanted.sort == Sort.PREDICTED

    def films(self) -> "MovieQuerySet":
        """All that is wanted but for predicted stars, in no order."""
        films = Movie.objects.order_by()
        if self.found is not None:
            films = films.filter(pk__in=self.found.films)
        if self.wanted.genre:
            films = films.of_genre(self.wanted.genre)
        if self.wanted.decade is not None:
            films = films.of_decade(self.wanted.decade)
        if self.wanted.sort == Sort.YEAR:
            films = films.filter(year__isnull=False)
        return films.filter(*self._own()) if self.viewer else films

    def _own(self) -> list[Q]:
        """Conditions on the viewer's own ratings and lists."""
        assert self.viewer
        conditions: list[Q] = []
        if self.wanted.rating:
            conditions.append(rated(self.viewer, self.wanted.rating))
        if self.wanted.among:
            conditions.append(listed(self.viewer, self.wanted.among))
        return conditions

    def _ids(self, part: slice) -> list[int]:
        """The films at these places, by id."""
        if self.by_scores or self.wanted.sort == Sort.RELEVANCE:
            ids: list[int] = self._all_ids()[part].tolist()
            return ids
        order = ORDERS[self.wanted.sort]
        return list(self.films().order_by(*order).values_list("pk", flat=True)[part])

    def _all_ids(self) -> "NDArray[np.int32]":
        """All films in order; those of the same predicted stars by popularity."""
        order = ORDERS.get(self.wanted.sort, ORDERS[Sort.POPULAR])
        ids = np.array(self.films().order_by(*order).values_list("pk", flat=True), np.int32)
        if self.wanted.sort == Sort.RELEVANCE and self.found:
            relevant = np.array(self.found.films, np.int32)
            ids = relevant[np.isin(relevant, ids)]
        return self._by_scores(ids) if self.by_scores else ids

    def _by_scores(self, ids: "NDArray[np.int32]") -> "NDArray[np.int32]":
        scores: Scores | None = getattr(self.viewer, "scores", None)
        if scores is None:
            return ids[:0]
        stars = scores.stars_of(ids)
        enough = stars >= (self.wanted.stars or 0)
        ids, stars = ids[enough], stars[enough]
        if self.wanted.sort == Sort.PREDICTED:
            return ids[np.argsort(-stars, kind="stable")]
        return ids


def rated(viewer: Viewer, how: str) -> Q:
    ratings = viewer.ratings.order_by()
    if how == "unrated":
        return ~Q(Exists(ratings.filter(movie=OuterRef("pk"))))
    least = 0 if how == "rated" else float(how)
    return Q(pk__in=ratings.filter(stars__gte=least).values("movie"))


def listed(viewer: Viewer, among: str) -> Q:
    if among.isdigit():
        entries = ListEntry.objects.filter(list__viewer=viewer, list=int(among))
        return Q(pk__in=entries.order_by().values("movie"))
    return Q(pk__in=viewer.marks.filter(kind=Mark.Kind(among)).order_by().values("movie"))
