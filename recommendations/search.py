"""Finding films by title, forgiving small mistakes; the same on every database."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from rapidfuzz import fuzz, process

from recommendations.importers.titles import normalised
from recommendations.models import Catalogue, Movie

#: Titles less alike than this (of 100) are not what was meant.
CLOSE_ENOUGH = 75

#: The same where some titles hold the query as it was typed.
VERY_CLOSE = 90

#: As many as one page of results holds.
FOUND = 60


@dataclass(frozen=True)
class TitleIndex:
    """All titles of the catalogue, normalised, the most rated first."""

    ids: list[int]
    titles: list[str]

    def find(self, query: str) -> list[int]:
        """Ids of the films that the query means: those that hold it as typed come first."""
        wanted = normalised(query)
        if not wanted:
            return []
        found = self._holding(wanted)
        if len(found) < FOUND:
            held = set(found)
            enough = VERY_CLOSE if held else CLOSE_ENOUGH
            found += [place for place in self._close_to(wanted, enough) if place not in held]
        return [self.ids[place] for place in found[:FOUND]]

    def _holding(self, wanted: str) -> list[int]:
        held = [place for place, title in enumerate(self.titles) if wanted in title]
        return sorted(held, key=lambda place: exactness(wanted, self.titles[place]))

    def _close_to(self, wanted: str, enough: int) -> list[int]:
        """Places of the titles that are close enough, the closest first, then the most rated.

        Either a stretch of the title is like the query, or its words are. A title much shorter
        than the query is not: "Go" is a stretch of every word that it is in.
        """
        stretch = process.cdist([wanted], self.titles, scorer=fuzz.partial_ratio)[0]
        words = process.cdist([wanted], self.titles, scorer=fuzz.token_set_ratio)[0]
        long_enough = np.array([len(title) for title in self.titles]) >= 0.7 * len(wanted)
        closeness = np.where(long_enough, np.maximum(stretch, words), 0)
        order = np.argsort(-closeness, kind="stable")[:FOUND]
        return [int(place) for place in order if closeness[place] >= enough]


def exactness(wanted: str, title: str) -> int:
    """0 if this is the title, 1 if it starts so, 2 if it has these words, 3 within a word."""
    if title == wanted:
        return 0
    if title.startswith(f"{wanted} "):
        return 1
    return 2 if f" {wanted} " in f" {title} " else 3


def find_films(query: str) -> list[Movie]:
    """The films whose titles match `query` best, in that order."""
    ids = title_index(Catalogue.version()).find(query)
    movies = Movie.objects.in_bulk(ids)
    return [movies[film] for film in ids if film in movies]


@lru_cache(maxsize=1)
def title_index(version: tuple[object, ...]) -> TitleIndex:  # noqa: ARG001
    """Read the titles once for each version of the catalogue."""
    rows = Movie.objects.order_by("-rating_count", "id").values_list("pk", "title")
    ids, titles = [], []
    for film, title in rows:
        ids.append(film)
        titles.append(normalised(title))
    return TitleIndex(ids, titles)
