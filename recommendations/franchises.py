"""Which films are of one franchise, read from the titles of the whole catalogue.

A title is taken apart into a stem and a mark of being one of several: a number ("Rocky IV",
"The Godfather: Part II"), a subtitle ("Star Trek: First Contact", "Harry Potter and the …") or a
sequel's word ("The Matrix Reloaded"). A stem is a franchise when two titles are marked so, or
one is and another is the stem itself. Rather one film too few than one too many: "Home Alone"
has nothing to do with "Home".
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property, lru_cache
from typing import Self

from recommendations.models import Catalogue, Movie

IN_BRACKETS = re.compile(r"(\s+\([^()]*\))+$")
ARTICLE = re.compile(r"(the|an?) (?=.)")
SUBTITLE = re.compile(r": | - ")
ADVENTURE = re.compile(r" and the ")

# No X, which is mostly a letter, nor large figures, as in "District 9" and "District 13".
DIGITS = r"[1-9]|10|\d{1,2} \d/\d"
ROMAN = "i{1,3}|iv|vi{0,3}|ix"
WORDS = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen"
KINDS = r"part|episode|chapter|volume|vol\."
NUMBER = re.compile(rf",? (?:(?:{KINDS}) )?({DIGITS}|{ROMAN}|{WORDS})$")
SECOND = {"2", "ii", "two"}

SEQUELS = "returns|reloaded|revolutions|forever|begins|rises|resurrection|strikes|rides|the third"
SEQUEL = re.compile(rf" (?:{SEQUELS})\b")

#: What follows a name of a single word, if it is well known: "Batman & Robin".
JOINED = re.compile(r" (?:and|v|vs\.|meets) ")

#: So many marked titles make a name well known.
WELL_KNOWN = 3


def franchises() -> Mapping[int, str]:
    """The franchise of each film that is of one, by film id."""
    return _franchises(Catalogue.version())


@lru_cache(maxsize=1)
def _franchises(version: tuple[object, ...]) -> Mapping[int, str]:  # noqa: ARG001
    """Read the titles once for each version of the catalogue."""
    return group(dict(Movie.objects.values_list("pk", "title")))


def group(titles: Mapping[int, str]) -> dict[int, str]:
    """The stem of its franchise for each title that is of one; titles begin with their article."""
    read = {film: Title.of(title) for film, title in titles.items()}
    sharing: dict[str, list[Title]] = defaultdict(list)
    for title in read.values():
        sharing[title.stem].append(title)
    stems = {name: Stem(name, those) for name, those in sharing.items()}
    found = {film: _franchise(title, stems) for film, title in read.items()}
    return {film: name for film, name in found.items() if name}


def _franchise(title: "Title", stems: Mapping[str, "Stem"]) -> str:
    """Of the franchises that the title belongs to, the shortest name; "" if it is of none."""
    for name in title.beginnings():
        stem = stems.get(name)
        if stem and stem.is_franchise and stem.is_continued_by(title):
            return name
    own = stems[title.stem]
    return own.name if own.is_franchise and own.holds(title) else ""


class Mark(Enum):
    NONE = auto()
    SECOND = auto()
    NUMBER = auto()
    SUBTITLE = auto()
    SEQUEL = auto()


@dataclass(frozen=True)
class Title:
    """A title in small letters, its article apart, and the stem of it before its mark."""

    article: str
    text: str
    stem: str
    mark: Mark

    @classmethod
    def of(cls, title: str) -> Self:
        text = _plain(title)
        found = ARTICLE.match(text)
        article = found[1] if found else ""
        text = text[found.end() :] if found else text
        return cls(article, text, *_marked(text, article))

    def beginnings(self) -> Iterator[str]:
        """Its first word, its first two words, …; and all of it as a singular."""
        for space in re.finditer(":? ", self.text):
            yield self.text[: space.start()]
        if self.text.endswith("s"):
            yield self.text[:-1]


def _plain(title: str) -> str:
    spaced = re.sub(r"(?<=\w)(?=[²³½])", " ", IN_BRACKETS.sub("", title) or title)
    text = unicodedata.normalize("NFKC", spaced).replace("\N{FRACTION SLASH}", "/")
    return text.lower().replace("&", "and")


def _marked(text: str, article: str) -> tuple[str, Mark]:
    subtitled = SUBTITLE.search(text)
    head = text[: subtitled.start()] if subtitled else text
    if number := NUMBER.search(head):
        return head[: number.start()], Mark.SECOND if number[1] in SECOND else Mark.NUMBER
    # Many a film is called "The Princess and the …".
    adventure = None if article else ADVENTURE.search(head)
    if adventure or subtitled:
        return head[: adventure.start()] if adventure else head, Mark.SUBTITLE
    sequel = SEQUEL.search(text)
    return (text[: sequel.start()], Mark.SEQUEL) if sequel else (text, Mark.NONE)


class Stem:
    """What the titles that share a stem say about each other."""

    def __init__(self, name: str, titles: list[Title]) -> None:
        self.name, self.titles = name, titles
        self.marked = [title for title in titles if title.mark is not Mark.NONE]
        self.marked_articles = {title.article for title in self.marked}
        self.bare_articles = {title.article for title in titles if title.mark is Mark.NONE}

    @cached_property
    def is_franchise(self) -> bool:
        return bool(self.marked) and sum(map(self.holds, self.titles)) > 1

    def holds(self, title: Title) -> bool:
        """Whether a title of this stem belongs to the others.

        "The Terminator" does to "Terminator 2", but "The Mission" not to "Mission: Impossible",
        nor "The House" to "House II", which has a "House".
        """
        if title.mark is Mark.SEQUEL:
            return title.article in self.bare_articles
        if title.mark is not Mark.NONE or title.article in self.marked_articles:
            return True
        has_second = any(each.mark is Mark.SECOND for each in self.marked)
        return has_second and not self.bare_articles & self.marked_articles

    def is_continued_by(self, title: Title) -> bool:
        """Whether a title that begins with this stem belongs to it."""
        rest = title.text.removeprefix(self.name)
        is_well_known = len(self.marked) >= WELL_KNOWN
        if rest == "s":
            return is_well_known and title.article in self.marked_articles
        return " " in self.name or (is_well_known and bool(JOINED.match(rest)))
