"""All that a viewer has given to this site, to take away: as JSON, or as tables in a zip."""

import csv
import zipfile
from collections.abc import Iterable
from datetime import datetime
from io import BytesIO, StringIO
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone

from recommendations.models import ListEntry, Mark, Rating, TasteControls, UnmatchedEntry, Viewer

#: Beginnings of a cell that a spreadsheet takes for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")

Row = dict[str, Any]

#: What is told of each film, and how MovieLens' own export calls its columns.
FILM = {
    "imdb_id": F("movie__imdb_id"),
    "tmdb_id": F("movie__tmdb_id"),
    "title": F("movie__title"),
    "year": F("movie__year"),
}
FILM_COLUMNS: list[object] = ["movie_id", "imdb_id", "tmdb_id", "title"]
UNMATCHED: list[object] = [
    "kind", "title", "other_title", "year", "imdb_id", "movielens_id", "rating", "date",
]  # fmt: skip


def everything(viewer: Viewer) -> Row:
    return {
        "account": account(viewer),
        "ratings": list(ratings(viewer)),
        "marks": list(marks(viewer)),
        "lists": lists(viewer),
        "unmatched": list(unmatched(viewer)),
        "controls": controls(viewer),
        "imports": list(
            viewer.imports.order_by("pk").values("file_name", "status", "report", "requested_at")
        ),
        "film_nights": list(
            viewer.nights.order_by("pk").values("created_at", hosted_by=F("host__display_name"))
        ),
    }


def account(viewer: Viewer) -> Row:
    user = viewer.user
    known = {"kind": viewer.kind, "name": viewer.display_name, "since": viewer.created_at}
    return known | ({"user_name": user.username, "e_mail": user.email} if user else {})


def ratings(viewer: Viewer) -> QuerySet[Rating, Any]:
    return viewer.ratings.order_by("rated_at", "pk").values(
        "movie_id", "stars", "rated_at", **FILM
    )


def marks(viewer: Viewer) -> QuerySet[Mark, Any]:
    return viewer.marks.order_by("marked_at", "pk").values("movie_id", "kind", "marked_at", **FILM)


def entries(viewer: Viewer) -> QuerySet[ListEntry, Any]:
    within = ListEntry.objects.filter(list__viewer=viewer).order_by("list__name", "added_at", "pk")
    return within.values("movie_id", "added_at", list_name=F("list__name"), **FILM)


def lists(viewer: Viewer) -> list[Row]:
    films: dict[str, list[Row]] = {}
    for entry in entries(viewer):
        films.setdefault(entry.pop("list_name"), []).append(entry)
    named = viewer.lists.values("name", "description", "share_token", "created_at")
    return [each | {"films": films.get(each["name"], [])} for each in named]


def unmatched(viewer: Viewer) -> QuerySet[UnmatchedEntry, Any]:
    return viewer.unmatched.values(
        "kind", "title", "other_title", "year", "imdb_id", "movielens_id", "stars", "day"
    )


def controls(viewer: Viewer) -> Row | None:
    chosen = TasteControls.objects.filter(viewer=viewer).first()
    if chosen is None:
        return None
    return {
        "leaning": chosen.leaning,
        "first_year": chosen.first_year,
        "last_year": chosen.last_year,
        "without": list(chosen.without.values_list("name", flat=True)),
    }


def archive(viewer: Viewer) -> bytes:
    """A zip of csv files. `import_ratings` reads the ratings again: they are as MovieLens' are."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as files:
        for name, rows in tables(viewer).items():
            files.writestr(f"{name}.csv", written(rows))
    return packed.getvalue()


def tables(viewer: Viewer) -> dict[str, list[list[object]]]:
    marked = list(marks(viewer))
    return {
        "ratings": [[*FILM_COLUMNS, "rating", "date"], *map(rating_cells, ratings(viewer))],
        **{kind.value: mark_table(marked, kind) for kind in Mark.Kind},
        "lists": [["list", *FILM_COLUMNS, "date"], *map(entry_cells, entries(viewer))],
        "unmatched": [UNMATCHED, *(list(row.values()) for row in unmatched(viewer))],
    }


def rating_cells(row: Row) -> list[object]:
    return [*film_cells(row), row["stars"], day(row["rated_at"])]


def mark_table(marked: Iterable[Row], kind: str) -> list[list[object]]:
    rows = (row for row in marked if row["kind"] == kind)
    return [
        [*FILM_COLUMNS, "date"],
        *([*film_cells(row), day(row["marked_at"])] for row in rows),
    ]


def entry_cells(row: Row) -> list[object]:
    return [row["list_name"], *film_cells(row), day(row["added_at"])]


def film_cells(row: Row) -> list[object]:
    imdb_id, year = row["imdb_id"], row["year"]
    title = f"{row['title']} ({year})" if year else row["title"]
    return [row["movie_id"], f"tt{imdb_id:07}" if imdb_id else None, row["tmdb_id"], title]


def day(moment: datetime) -> str:
    return timezone.localdate(moment).isoformat()


def written(rows: Iterable[list[object]]) -> str:
    text = StringIO(newline="")
    csv.writer(text).writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def harmless(cell: object) -> object:
    """A title may begin as a formula does, and a spreadsheet would run it."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
