"""The type on a poster: a title in as large a size as fits, and the facts below it."""

import itertools
import re
import unicodedata
from html import escape

WIDTH, HEIGHT = 256, 384
MARGIN = 18

#: Shown 128 px wide, a poster is half as large as it is drawn: 18 is 9 px.
SMALLEST = 18

#: Title sizes, the largest first, and how many lines may be set in each.
TITLE_SIZES = (
    *((84, 1), (64, 1), (50, 1), (42, 2), (37, 2), (33, 3)),
    *((29, 4), (25, 4), (22, 4), (20, 4), (SMALLEST, 4)),
)
LEADING = 1.1

SERIF = "Georgia, 'DejaVu Serif', 'Noto Serif', 'Noto Serif CJK JP', serif"
SANS = "'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"


def title_type(lines: list[str], size: int, last: float, colour: str) -> str:
    first = last - (len(lines) - 1) * size * LEADING
    spans = "".join(
        f'<tspan x="{MARGIN}" y="{first + place * size * LEADING:.1f}">{escape(line)}</tspan>'
        for place, line in enumerate(lines)
    )
    return (
        f'<text font-family="{SERIF}" font-weight="700" font-size="{size}"'
        f' fill="{colour}">{spans}</text>'
    )


def facts_type(facts: str, colour: str) -> str:
    room = WIDTH - 2 * MARGIN - 0.68 * SMALLEST * len(facts)
    spacing = max(0.0, min(2.6, room / len(facts)))
    return (
        f'<text x="{MARGIN}" y="{HEIGHT - 20}" font-family="{SANS}" font-size="{SMALLEST}"'
        f' letter-spacing="{spacing:.1f}" fill="{colour}">{escape(facts)}</text>'
    )


def set_title(title: str) -> tuple[list[str], int]:
    """The lines of a title, and the largest size in which they fit."""
    pieces = breakable(title)
    for size, most in TITLE_SIZES:
        room = (WIDTH - 2 * MARGIN) / size
        fewest = len(fill_lines(pieces, room))
        if fewest <= most and max(map(em_width, pieces), default=0) <= room:
            return balance(pieces, fewest, room), size
    return cut(fill_lines(pieces, room), most, room), SMALLEST


def breakable(title: str) -> list[str]:
    """Pieces that may start a line: words, what follows a slash, single signs of Chinese."""
    wide = "\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff01-\uff60"
    return re.findall(rf"[{wide}]\s*|[^\s/{wide}]+/?\s*|/\s*", title) or [title]


def fill_lines(pieces: list[str], room: float) -> list[str]:
    lines = [""]
    for piece in pieces:
        if lines[-1] and em_width(lines[-1] + piece) > room:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines]


def balance(pieces: list[str], count: int, room: float) -> list[str]:
    """The pieces on `count` lines, broken where a typesetter would rather break them."""
    if len(pieces) > 24:
        return fill_lines(pieces, room)
    settings = (
        ["".join(pieces[a:b]).rstrip() for a, b in itertools.pairwise((0, *breaks, len(pieces)))]
        for breaks in itertools.combinations(range(1, len(pieces)), count - 1)
    )
    return min(settings, key=lambda lines: ugliness(lines, room))


def ugliness(lines: list[str], room: float) -> float:
    widths = [em_width(line) for line in lines]
    uneven = sum((max(widths) - width) ** 2 for width in widths)
    too_long = sum(1000 for width in widths if width > room)
    after_colon = sum(line.endswith((":", " -", ",")) for line in lines[:-1])
    small = ("a", "an", "and", "in", "of", "on", "or", "the", "to", "&")
    after_small_word = sum(line.lower().split()[-1] in small for line in lines[:-1])
    return uneven + too_long + 3 * after_small_word - 4 * after_colon


def cut(lines: list[str], most: int, room: float) -> list[str]:
    """At most so many lines, none too wide; an ellipsis stands for what is lost."""
    kept = lines[:most]
    if len(lines) > most:
        kept[-1] += "…"
    return [shorten(line, room) for line in kept]


def shorten(line: str, room: float) -> str:
    while em_width(line) > room:
        line = line.rstrip("…")[:-1].rstrip() + "…"
    return line


def em_width(text: str) -> float:
    return sum(map(glyph_width, text.rstrip()))


def glyph_width(glyph: str) -> float:
    """In ems, of a bold serif as wide as they come (DejaVu): others fit all the better."""
    if unicodedata.combining(glyph):
        return 0
    if unicodedata.east_asian_width(glyph) in "WF":
        return 1
    base = unicodedata.normalize("NFD", glyph)[0]
    for glyphs, width in (
        ("' .,:;/jil\u2019", 0.37),
        ('f-!tIJ()*"r', 0.5),
        ("szvy?xc", 0.6),
        ("mMW…@", 1.1),
        ("wBGDHKNOQU&RAVXC", 0.88),
    ):
        if base in glyphs:
            return width
    return 0.72 if ord(base) < 0x500 else 0.9
