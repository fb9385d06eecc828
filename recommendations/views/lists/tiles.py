"""What the overview of lists shows of each."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from recommendations.models import Mark, Movie, MovieList, Rating, Viewer
from recommendations.models.lists import SAMPLED
from recommendations.views.lists.marked import PAGES


@dataclass(frozen=True)
class Tile:
    title: str
    url: str
    count: int
    films: list[Movie]
    note: str = ""


def kept_tiles(viewer: Viewer | None) -> list[Tile]:
    """The viewer's ratings and marks, each with the films that came last."""
    marks = Mark.objects.filter(viewer=viewer)
    by_page = {slug: Q(kind__in=page.kinds) for slug, page in PAGES.items()}
    counts = marks.aggregate(
        **{slug: Count("pk", filter=kinds) for slug, kinds in by_page.items()}
    )
    tiles = [
        Tile(page.title, reverse(slug), counts[slug], _films(marks.filter(by_page[slug])))
        for slug, page in PAGES.items()
    ]
    ratings = Rating.objects.filter(viewer=viewer)
    rated = Tile("Ratings", reverse("ratings"), ratings.count(), _films(ratings))
    return [rated, *tiles]


def _films(rows: QuerySet[Any]) -> list[Movie]:
    return [row.movie for row in rows.select_related("movie")[:SAMPLED]]


def own_tiles(viewer: Viewer | None) -> list[Tile]:
    lists: QuerySet[Any] = MovieList.objects.filter(viewer=viewer).counted().sampled()
    return [
        Tile(
            made.name,
            reverse("list", args=[made.pk]),
            made.film_count,
            [entry.movie for entry in made.sample],
            "shared by link" if made.share_token else "",
        )
        for made in lists
    ]
