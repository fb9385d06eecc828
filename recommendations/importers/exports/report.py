"""What became of the rows of an export."""

from dataclasses import dataclass, field

from django.template.defaultfilters import pluralize

from recommendations.importers.report import BadRows


@dataclass
class ExportReport:
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    kept: int = 0
    without_stars: int = 0
    ambiguous: BadRows = field(default_factory=BadRows)
    not_found: BadRows = field(default_factory=BadRows)
    invalid: BadRows = field(default_factory=BadRows)

    @property
    def matched(self) -> int:
        return self.added + self.replaced + self.unchanged + self.kept

    def __str__(self) -> str:
        matched = (
            f"Matched {films(self.matched)}: {self.added:,} added, {self.replaced:,} replaced, "
            f"{self.unchanged:,} unchanged, {self.kept:,} kept because rated later here."
        )
        lines = [
            matched,
            *listed("ambiguous and left out", self.ambiguous),
            *listed("not found", self.not_found),
            *listed("invalid", self.invalid),
        ]
        if self.without_stars:
            lines.append(f"{films(self.without_stars)} seen without stars: left out for now.")
        return "\n".join(lines)


def films(count: int) -> str:
    return f"{count:,} film{pluralize(count)}"


def listed(what: str, rows: BadRows) -> list[str]:
    if not rows.count:
        return []
    heading = f"{rows.count:,} line{pluralize(rows.count)} {what}:"
    return [heading, *(f"  {line}" for line in rows.lines())]
