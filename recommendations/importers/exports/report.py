"""What became of the rows of an export."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from django.template.defaultfilters import pluralize

from recommendations.importers.report import BadRows


@dataclass
class ExportReport:
    """Each row read is counted once, under one of the others.

    `repeated` are further rows on a film; `kept` are ratings made later here; `marked_before` are
    films seen or wanted that were so before, or that are rated.
    """

    rows: int = 0
    repeated: int = 0
    left_out: int = 0
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    kept: int = 0
    seen: int = 0
    watchlist: int = 0
    marked_before: int = 0
    ambiguous: BadRows = field(default_factory=BadRows)
    not_found: BadRows = field(default_factory=BadRows)
    invalid: BadRows = field(default_factory=BadRows)

    @property
    def rated(self) -> int:
        return self.added + self.replaced + self.unchanged + self.kept

    @property
    def marked(self) -> int:
        return self.seen + self.watchlist + self.marked_before

    @property
    def matched(self) -> int:
        return self.rated + self.marked

    def as_json(self) -> dict[str, Any]:
        """The counts, and of the invalid rows the first; the others are in tables of their own."""
        return asdict(self) | {
            "ambiguous": self.ambiguous.count,
            "not_found": self.not_found.count,
        }

    def __str__(self) -> str:
        lines = [
            f"Read {rows(self.rows)} and matched {films(self.matched)}.",
            *self._ratings(),
            *self._marks(),
            *listed("ambiguous, to be chosen by hand on the site", self.ambiguous),
            *listed("not found, and kept until the catalogue has them", self.not_found),
            *listed("invalid", self.invalid),
        ]
        return "\n".join(lines)

    def _ratings(self) -> Iterator[str]:
        if self.rated:
            yield (
                f"Ratings: {self.added:,} added, {self.replaced:,} replaced, "
                f"{self.unchanged:,} unchanged, {self.kept:,} kept because rated later here."
            )

    def _marks(self) -> Iterator[str]:
        if self.marked:
            yield (
                f"Marks: {self.seen:,} seen, {self.watchlist:,} put on the watchlist, "
                f"{self.marked_before:,} needed none."
            )
        if self.repeated:
            yield f"{rows(self.repeated)} more on the same films."
        if self.left_out:
            yield f"{rows(self.left_out)} without stars left out."


def rows(count: int) -> str:
    return f"{count:,} row{pluralize(count)}"


def films(count: int) -> str:
    return f"{count:,} film{pluralize(count)}"


def listed(what: str, found: BadRows) -> list[str]:
    if not found.count:
        return []
    heading = f"{found.count:,} line{pluralize(found.count)} {what}:"
    return [heading, *(f"  {line}" for line in found.lines())]
