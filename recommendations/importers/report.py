"""What an import tells while it runs, and when it is over."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.template.defaultfilters import pluralize

#: So many bad rows are kept to be shown; the others are only counted.
SHOWN = 20


class ImportFailed(Exception):
    """Nothing was imported. The message is the one line to show; `bad_rows` led to it."""

    def __init__(self, message: str, bad_rows: "BadRows | None" = None) -> None:
        super().__init__(message)
        self.bad_rows = bad_rows or BadRows()


class BadRow(ValueError):
    """A row that cannot be used; the message says why."""


@dataclass
class BadRows:
    """The rows that an import skipped, as `file:line: why`."""

    count: int = 0
    shown: list[str] = field(default_factory=list)

    def add(self, file: str, line: int, why: object) -> None:
        self.count += 1
        if len(self.shown) < SHOWN:
            self.shown.append(f"{file}:{line}: {why}")

    def lines(self) -> Sequence[str]:
        more = self.count - len(self.shown)
        return [*self.shown, f"... and {more:,} more"] if more else self.shown


@dataclass(frozen=True)
class Step:
    """One part of an import, such as reading one file."""

    name: str
    total: int
    unit: str = "B"


#: Called with a step and how much of it is done, from 0 to its total.
Progress = Callable[[Step, int], None]


def silent(step: Step, done: int) -> None:
    """Show nothing."""


@dataclass
class ImportReport:
    name: str
    movies: int = 0
    ratings: int = 0
    viewers: int = 0
    tags: int = 0
    enriched: int = 0
    rematched: int = 0
    simulated: bool = False
    instead_because: str = ""
    seconds: float = 0.0
    bad_rows: BadRows = field(default_factory=BadRows)

    def __str__(self) -> str:
        counts = (
            f"Imported {self.name}: {self.movies:,} movies, {self.ratings:,} ratings, "
            f"{self.viewers:,} viewers, {self.tags:,} tags in {self.seconds:.1f} s; "
            f"{self.enriched:,} of the movies are known with their makers."
        )
        instead, rematched, simulated = "", "", ""
        if self.instead_because:
            instead = f"{self.instead_because}\nUntil then there is the built-in sample.\n"
        if self.rematched:
            rematched = (
                f"\n{self.rematched:,} entr{pluralize(self.rematched, 'y,ies')} that viewers "
                "had brought and that had no film here found one."
            )
        if self.simulated:
            simulated = "\nThese ratings are simulated: nobody gave them."
        return f"{instead}{counts}{rematched}{simulated}"
