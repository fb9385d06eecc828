"""How a command shows rows."""

from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[str]], words: int = 1) -> str:
    """Words, which are the first columns, to the left; numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        [*map(str.ljust, row[:words], widths), *map(str.rjust, row[words:], widths[words:])]
        for row in rows
    ]
    return "\n".join("  ".join(line).rstrip() for line in lines)
