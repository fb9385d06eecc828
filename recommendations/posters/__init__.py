"""Draws a poster for a film of which no photograph is at hand.

The same film is always drawn alike: its title picks the composition, its main genre the colours.
Only presentation attributes are used, so that a strict content security policy lets it be.
"""

import hashlib
from html import escape

from recommendations.posters.colours import PALETTES, SHORT_NAMES
from recommendations.posters.compositions import COMPOSITIONS, Dice
from recommendations.posters.lettering import (
    HEIGHT,
    LEADING,
    WIDTH,
    facts_type,
    set_title,
    title_type,
)

__all__ = ["draw_poster", "poster_version"]

#: Part of each version: raise it whenever a change here draws a poster differently.
DRAWING = 1


def poster_version(title: str, year: int | None, genre: str) -> str:
    """What the poster's immutable URL carries: it changes when the drawing does."""
    drawn = f"{DRAWING}\n{title}\n{year}\n{genre}"
    return hashlib.sha256(drawn.encode()).hexdigest()[:10]


def draw_poster(title: str, year: int | None, genre: str) -> str:
    """An SVG document, 2:3."""
    dice = Dice(title)
    compose = dice.pick(COMPOSITIONS)
    palette = dice.pick(PALETTES.get(genre, PALETTES["-"]))
    name = SHORT_NAMES.get(genre, genre) if genre in PALETTES else ""
    facts = " · ".join(str(fact) for fact in (year, name.upper()) if fact)
    lines, size = set_title(title)
    last = HEIGHT - (50 if facts else 22) - 0.2 * size
    top = last - (len(lines) - 1) * size * LEADING - 0.76 * size
    floor = round(top - 16)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
            f' width="{WIDTH}" height="{HEIGHT}">'
        ),
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{palette.ground}"/>',
        compose(dice, palette, floor),
        # Whatever hangs below the floor is covered: nothing but the ground is behind the type.
        f'<rect y="{floor}" width="{WIDTH}" height="{HEIGHT - floor}" fill="{palette.ground}"/>',
        title_type(lines, size, last, palette.type),
        facts_type(facts, palette.quiet_type) if facts else "",
        "</svg>",
    ]
    return "".join(parts)
