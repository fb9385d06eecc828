"""Finding films by title, by the people in them and by year, forgiving small mistakes.

Each word of a query is matched with each film: with the words of its titles, with the people in
it, and a year also with its year. A film is found by how much of the query it matches, and a rare
word is more of it than "the" is.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from recommendations.importers.titles import key_of, names_of, normalised
from recommendations.models import Credit
from recommendations.search.words import LAST, LONG_ENOUGH, WordIndex

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from recommendations.search.words import Matches

#: A search finds so many films at most.
FOUND = 300

#: What a film must match of a query, and of what the best film matches of it.
ENOUGH, NEAR_THE_BEST = 0.6, 0.88

#: How well a word is matched by a person's name, by a year beside the film's, and by a title that
#: begins like the query when spaces do not count: "starwars".
BY_PERSON, BESIDE_THE_YEAR, BEGINS_SO = 0.95, 0.5, 0.9

#: What a film that has just this name is put ahead.
SO_CALLED = 0.2

#: Films whose matches differ by less are told apart by their titles, and then by popularity.
STEP = 0.05

#: The first so many characters and words of a query count.
LONGEST, MOST_WORDS = 100, 12

#: The films of so many people are looked up, and so many are named as those who are meant.
PEOPLE, NAMED = 100, 3

#: A person is meant whose name matches the query so well, and not much worse than a title does.
MEANT, LESS_THAN_A_TITLE = 0.8, 0.1

#: Where a film stands that was found by something else than its title, as `exactness` goes.
BY_OTHERS = 4

#: The weight of a word that is like no other.
RARE = 12.0

YEAR = re.compile(r"(?:18[7-9]|19\d|20\d)\d$")


@dataclass(frozen=True)
class Found:
    """Films that a query means, the likeliest first, and the people whom it names."""

    films: list[int] = field(default_factory=list)
    people: list[int] = field(default_factory=list)


class Query:
    """What was typed, word by word; the year beside a name is not part of the name."""

    def __init__(self, typed: str) -> None:
        text = normalised(typed[:LONGEST])
        self.words = list(dict.fromkeys(text.split()))[:MOST_WORDS]
        self.years = [word for word in self.words if YEAR.match(word)]
        name = [word for word in text.split() if word not in self.years]
        self.name = " ".join(name) or text

    @cached_property
    def of_the_name(self) -> list[int]:
        """Places of the words that are no years; of all, if all are."""
        places = [place for place, word in enumerate(self.words) if word not in self.years]
        return places or list(range(len(self.words)))


class FilmIndex:
    """Titles and names of people, read once; the most popular films come first."""

    def __init__(
        self,
        films: "Sequence[tuple[int, str, int | None]]",
        people: "Sequence[tuple[int, str]]",
    ) -> None:
        self.ids = np.array([film for film, _, _ in films], np.int64)
        self.in_order = np.argsort(self.ids)
        self.years = np.array([year or 0 for _, _, year in films], np.int32)
        self.titles = [normalised(title) for _, title, _ in films]
        self.by_title = WordIndex(self.titles)
        names = sorted(
            (name, place) for place, (_, title, _) in enumerate(films) for name in names_of(title)
        )
        self.names = [name for name, _ in names]
        self.called = np.array([place for _, place in names], np.intp)
        self.people = np.array([person for person, _ in people], np.int64)
        self.by_person = WordIndex([normalised(name) for _, name in people])

    def find(self, typed: str, among: "Collection[int] | None" = None) -> Found:
        """What `typed` means; `among` are the ids of the only films to be found, if not all."""
        query = Query(typed)
        if not query.words or not len(self.ids):
            return Found()
        matched = np.stack([self.by_title.match(word) for word in query.words])
        names = np.stack([self.by_person.match(word) for word in query.words])
        weights = np.array([weight(*each) for each in zip(matched, names, strict=True)])
        so_called = self._match_names(query, matched)
        words = query.of_the_name
        by_title = weights[words] @ matched[words] / weights[words].sum()
        self._match_years(query, matched)
        in_title = matched.min(axis=0) > 0
        people = self._match_people(query, matched, names, weights)
        how_well = weights @ matched / weights.sum()
        for each in (by_title, how_well):
            each[so_called] += SO_CALLED
        if among is not None:
            how_well[~np.isin(self.ids, list(among))] = 0
        least = by_title.max() - LESS_THAN_A_TITLE
        meant = [person for person, so_well in people if so_well >= least]
        return Found(self._best(query, how_well, in_title), meant[:NAMED])

    def _match_names(self, query: Query, matched: "Matches") -> "NDArray[np.intp]":
        """Match whole names without their spaces; returns the films that have just this name."""
        key, words = key_of(query.name), query.of_the_name
        first, last = bisect_left(self.names, key), bisect_right(self.names, key)
        if len(key) >= LONG_ENOUGH:
            beginning_so = self.called[last : bisect_left(self.names, key + LAST)]
            raise_to(BEGINS_SO, matched, words, beginning_so)
        raise_to(1, matched, words, self.called[first:last])
        return self.called[first:last]

    def _match_years(self, query: Query, matched: "Matches") -> None:
        for place, word in enumerate(query.words):
            if word in query.years:
                away = abs(self.years - int(word))
                raise_to(1, matched, [place], np.flatnonzero(away == 0))
                if len(query.words) > 1:
                    raise_to(BESIDE_THE_YEAR, matched, [place], np.flatnonzero(away == 1))

    def _match_people(
        self, query: Query, matched: "Matches", names: "Matches", weights: "Matches"
    ) -> list[tuple[int, float]]:
        """Match films with the people in them; returns whom the query may mean, and how well."""
        words = query.of_the_name
        how_well = weights[words] @ names[words] / weights[words].sum()
        likely = np.argsort(-how_well)[:PEOPLE]
        likely = np.sort(likely[how_well[likely] > 0])
        credits_ = Credit.objects.filter(person__in=self.people[likely].tolist()).order_by()
        pairs = np.array([*credits_.values_list("person_id", "movie_id")], np.int64).reshape(-1, 2)
        people = np.searchsorted(self.people, pairs[:, 0])
        films, known = self._places(pairs[:, 1])
        for word, name in zip(matched, names, strict=True):
            np.maximum.at(word, films[known], BY_PERSON * name[people[known]])
        busy = Counter(people.tolist())
        least = max(MEANT, NEAR_THE_BEST * how_well.max(initial=0))
        meant = [
            each for each in busy if how_well[each] >= least and len(query.name) >= LONG_ENOUGH
        ]
        meant.sort(key=lambda person: (-round(how_well[person] / STEP), -busy[person]))
        return [(int(self.people[person]), float(how_well[person])) for person in meant]

    def _places(self, ids: "NDArray[np.int64]") -> "tuple[NDArray[np.intp], NDArray[np.bool_]]":
        """Places of the films with these ids, and which of them are known."""
        ranks = np.searchsorted(self.ids, ids, sorter=self.in_order)
        places = self.in_order[np.minimum(ranks, len(self.ids) - 1)]
        return places, self.ids[places] == ids

    def _best(self, query: Query, how_well: "Matches", in_title: "NDArray[np.bool_]") -> list[int]:
        enough = max(ENOUGH, NEAR_THE_BEST * min(float(how_well.max()), 1))
        films = np.flatnonzero(how_well >= enough)
        steps = np.rint(how_well[films] / STEP).astype(np.int16)
        first = np.argsort(-steps, kind="stable")[:FOUND]
        best = [
            (
                -step,
                exactness(query.name, self.titles[film]) if in_title[film] else BY_OTHERS,
                film,
            )
            for step, film in zip(steps[first].tolist(), films[first].tolist(), strict=True)
        ]
        return [int(self.ids[film]) for _, _, film in sorted(best)]


def raise_to(
    least: float, matched: "Matches", words: list[int], films: "NDArray[np.intp]"
) -> None:
    for word in words:
        matched[word, films] = np.maximum(matched[word, films], least)


def weight(in_titles: "Matches", in_names: "Matches") -> float:
    """How much a word says: the more, the fewer texts hold it, or what it is taken for."""
    best = max(in_titles.max(initial=0), in_names.max(initial=0))
    texts = in_titles if in_titles.max(initial=0) == best else in_names
    return float(np.log1p(len(texts) / np.count_nonzero(texts == best))) if best else RARE


def exactness(wanted: str, title: str) -> int:
    """0 if this is the title, 1 if it starts so, 2 if it has these words, 3 if it has others."""
    if title == wanted:
        return 0
    if title.startswith(f"{wanted} "):
        return 1
    return 2 if f" {wanted} " in f" {title} " else 3
