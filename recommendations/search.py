"""Finding films by title, forgiving small mistakes; the same on every database."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Count, Max
from rapidfuzz import fuzz, process

from recommendations.models import Catalogue, Movie

#: Titles less alike than this (of 100) are not what was meant.
CLOSE_ENOUGH = 72

#: As many as one page of results holds.
FOUND = 60


def normalised(text: str) -> str:
    """Lower case, without accents and punctuation: "Amélie!" and "amelie" are the same."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(re.findall(r"\w+", letters))


@dataclass(frozen=True)
class TitleIndex:
    """All titles of the catalogue, normalised, the most rated first."""

    ids: list[int]
    titles: list[str]

    def find(self, query: str) -> list[int]:
        """Ids of the films whose titles are closest, those that hold the words as typed first."""
        wanted = normalised(query)
        if not wanted:
            return []
        held = [place for place, title in enumerate(self.titles) if wanted in title]
        held.sort(key=lambda place: self._rank(wanted, self.titles[place]))
        if len(held) < FOUND:
            close = process.extract(
                wanted, self.titles, scorer=fuzz.WRatio, limit=FOUND, score_cutoff=CLOSE_ENOUGH
            )
            held += [place for _, _, place in close if place not in set(held)]
        return [self.ids[place] for place in held[:FOUND]]

    @staticmethod
    def _rank(wanted: str, title: str) -> int:
        if title == wanted:
            return 0
        if f" {title}".startswith(f" {wanted}"):
            return 1
        return 2 if f" {wanted}" in f" {title}" else 3


def find_films(query: str) -> list[Movie]:
    """The films whose titles match `query` best, in that order."""
    ids = title_index(_catalogue_version()).find(query)
    movies = Movie.objects.in_bulk(ids)
    return [movies[film] for film in ids if film in movies]


def _catalogue_version() -> tuple[object, ...]:
    """Changes whenever films are imported, added or removed."""
    films = Movie.objects.aggregate(films=Count("pk"), last=Max("pk"))
    imported = Catalogue.objects.values_list("imported_at", flat=True).first()
    return imported, films["films"], films["last"]


@lru_cache(maxsize=1)
def title_index(version: tuple[object, ...]) -> TitleIndex:  # noqa: ARG001
    """Read the titles once for each version of the catalogue."""
    rows = Movie.objects.order_by("-rating_count", "id").values_list("pk", "title")
    ids, titles = [], []
    for film, title in rows:
        ids.append(film)
        titles.append(normalised(title))
    return TitleIndex(ids, titles)
