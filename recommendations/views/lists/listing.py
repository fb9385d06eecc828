"""Searching, sorting and paging through the films that a viewer keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest

from recommendations.models import Movie, Viewer
from recommendations.search import find_among
from recommendations.views.cards import stored_stars

#: Films on one page.
PAGE = 60


@dataclass(frozen=True)
class Order:
    """A way to sort rows that have a film: by fields, or by the stars predicted for it."""

    label: str
    fields: Sequence[Any] = ()


TITLE = Order("Title", [Lower("movie__title")])
NEWEST = Order("Newest films", [F("movie__year").desc(nulls_last=True), Lower("movie__title")])
OLDEST = Order("Oldest films", [F("movie__year").asc(nulls_last=True), Lower("movie__title")])
PREDICTED = Order("Predicted stars", ["movie__title"])
MEAN = Order("Others’ stars", [F("movie__mean_stars").desc(nulls_last=True)])


@dataclass(frozen=True)
class Listing:
    """One page of rows, and what it was asked for."""

    page: "Page[Any]"
    orders: Mapping[str, Order]
    order: str
    query: str
    total: int
    stars: dict[int, float] = field(default_factory=dict)

    @property
    def rows(self) -> Sequence[Any]:
        return list(self.page.object_list)


def listing(
    request: HttpRequest,
    rows: QuerySet[Any],
    orders: Mapping[str, Order],
    viewer: Viewer | None,
    total: int | None = None,
) -> Listing:
    """Rows that have a film, as the request's `q`, `sort` and `page` want them.

    Ids are sorted, searched and paged; only the films of one page are read.
    """
    order = request.GET.get("sort", "")
    order = order if order in orders else next(iter(orders))
    query = request.GET.get("q", "").strip()[:100]
    pairs = list(rows.order_by(*orders[order].fields, "pk").values_list("pk", "movie_id"))
    total = len(pairs) if total is None else total
    wanted = [film for _, film in pairs] if PREDICTED in orders.values() else []
    predicted = stored_stars(viewer, wanted) if wanted else {}
    if query:
        found = find_among({film for _, film in pairs}, query)
        pairs = [pair for pair in pairs if pair[1] in found]
    if orders[order] is PREDICTED:
        pairs.sort(key=lambda pair: -predicted.get(pair[1], 0))
    page = Paginator([pk for pk, _ in pairs], PAGE).get_page(request.GET.get("page"))
    read = rows.select_related("movie").in_bulk(list(page.object_list))
    page.object_list = [read[pk] for pk in page.object_list if pk in read]
    return Listing(page, orders, order, query, total, predicted)


@dataclass(frozen=True)
class Paths:
    """Where a film is taken off its list and put back: by a plain form, and by HTMX."""

    remove: str
    put: str
    remove_fragment: str
    put_fragment: str
    label: str = "Remove"


@dataclass(frozen=True)
class Kept:
    """A film on a list, with the buttons that take it off and put it back.

    `fields` are what the latter has to say.
    """

    movie: Movie
    paths: Paths
    next: str
    stars: float | None = None
    note: str = ""
    gone: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
