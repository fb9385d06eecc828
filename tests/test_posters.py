import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from recommendations.posters import draw_poster, poster_version
from recommendations.posters.colours import PALETTES, Palette
from recommendations.posters.lettering import SMALLEST, set_title

pytestmark = pytest.mark.once

SVG = "{http://www.w3.org/2000/svg}"

MOVIELENS_GENRES = [
    *("Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary", "Drama"),
    *("Fantasy", "Film-Noir", "Horror", "IMAX", "Musical", "Mystery", "Romance", "Sci-Fi"),
    *("Thriller", "War", "Western"),
]

TITLES = [
    "M",
    "$",
    "$9.99",
    "Up",
    "Heat",
    "Amélie",
    "千と千尋の神隠し",
    "Mr. & Mrs. <Smith>",
    "Supercalifragilisticexpialidocious",
    "The Lord of the Rings: The Fellowship of the Ring",
    "Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb",
    "Birdman: Or (The Unexpected Virtue of Ignorance)",
    "w " * 150,
    "W" * 300,
]

#: Enough titles that every composition comes up, in all its builds.
MANY = [*TITLES, *(f"Film number {number}" for number in range(200))]


def drawn(title: str, year: int | None = 1999, genre: str = "Drama") -> ET.Element:
    return ET.fromstring(draw_poster(title, year, genre))  # noqa: S314 (our own drawing)


def title_lines(title: str) -> list[str]:
    title_type = drawn(title).findall(f"{SVG}text")[0]
    return [span.text or "" for span in title_type.findall(f"{SVG}tspan")]


def luminance(colour: str) -> float:
    channels = [channel / 255 for channel in bytes.fromhex(colour[1:])]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_same_film_is_always_drawn_alike() -> None:
    assert draw_poster("Heat", 1995, "Action") == draw_poster("Heat", 1995, "Action")
    assert draw_poster("Heat", 1995, "Action") != draw_poster("Ran", 1985, "Action")


def test_the_version_changes_with_what_is_drawn() -> None:
    versions = {
        poster_version(*film)
        for film in [
            ("Heat", 1995, "Action"),
            ("Heat", 1986, "Action"),
            ("Heat", None, "Action"),
            ("Heat", 1995, "Crime"),
            ("Ran", 1995, "Action"),
        ]
    }
    assert len(versions) == 5
    assert all(re.fullmatch(r"[0-9a-f]{10}", version) for version in versions)


def test_posters_are_well_formed() -> None:
    for poster in map(drawn, MANY):
        assert poster.get("viewBox") == "0 0 256 384"


@pytest.mark.parametrize("title", MANY[::3])
def test_a_poster_needs_no_style(title: str) -> None:
    poster = drawn(title)
    for element in poster.iter():
        assert element.tag.removeprefix(SVG) in {
            *("svg", "title", "rect", "circle", "path", "polygon", "g", "text", "tspan"),
        }
        assert not [
            name for name in element.attrib if name in {"style", "class"} or name[:2] == "on"
        ]


@pytest.mark.parametrize("title", MANY[::3])
def test_nothing_but_the_ground_is_behind_the_type(title: str) -> None:
    poster = list(drawn(title))
    cover = next(at for at, part in enumerate(poster) if part.tag == f"{SVG}text") - 1
    floor = float(poster[cover].get("y", ""))
    assert poster[cover].get("fill") == poster[1].get("fill")
    assert floor + float(poster[cover].get("height", "")) == 384
    for span in poster[cover + 1]:
        assert float(span.get("y", "")) > floor


@pytest.mark.parametrize("title", TITLES)
def test_a_title_takes_at_most_four_lines(title: str) -> None:
    assert 1 <= len(title_lines(title)) <= 4


@pytest.mark.parametrize("title", TITLES)
def test_type_is_never_under_nine_pixels_on_the_smallest_poster(title: str) -> None:
    for text in drawn(title, 1999, "Documentary").findall(f"{SVG}text"):
        assert float(text.get("font-size", "")) * 128 / 256 >= 9


def test_short_titles_are_set_large_and_long_ones_small() -> None:
    sizes = [set_title(title)[1] for title in ("M", "Heat", "Chinatown", TITLES[10])]
    assert all(larger > smaller for larger, smaller in pairwise(sizes))


def test_a_long_title_breaks_where_a_typesetter_would_break_it() -> None:
    assert title_lines("The Lord of the Rings: The Fellowship of the Ring") == [
        "The Lord",
        "of the Rings:",
        "The Fellowship",
        "of the Ring",
    ]


def test_a_title_in_japanese_breaks_between_signs() -> None:
    assert "".join(title_lines("千と千尋の神隠し")) == "千と千尋の神隠し"
    assert len(title_lines("千と千尋の神隠し")) == 2


def test_an_ellipsis_stands_for_what_cannot_be_set() -> None:
    lines, size = set_title("w " * 150)
    assert size == SMALLEST
    assert lines[-1].endswith("…")
    assert set_title("W" * 300)[0][0].endswith("W…")


def test_a_long_word_breaks_after_a_slash() -> None:
    assert title_lines("Bollywood/Hollywood") == ["Bollywood/", "Hollywood"]
    assert "".join(title_lines("/ Slash /")).replace(" ", "") == "/Slash/"


def test_titles_are_escaped() -> None:
    poster = draw_poster('Mr. & Mrs. <Smith> "2"', 2005, "Action")
    assert "<Smith>" not in poster
    assert drawn('Mr. & Mrs. <Smith> "2"')[0].text == 'Mr. & Mrs. <Smith> "2"'


def test_what_is_not_known_is_not_shown() -> None:
    assert len(drawn("Heat", None, "").findall(f"{SVG}text")) == 1
    assert drawn("Heat", 1995, "(no genres listed)").findall(f"{SVG}text")[1].text == "1995"
    assert drawn("Heat", None, "Film-Noir").findall(f"{SVG}text")[1].text == "NOIR"


@pytest.mark.parametrize("genre", MOVIELENS_GENRES)
def test_every_genre_has_its_own_colours(genre: str) -> None:
    assert genre in PALETTES


@pytest.mark.parametrize(
    "palette", sorted({palette for row in PALETTES.values() for palette in row})
)
def test_type_stands_out_from_the_ground(palette: Palette) -> None:
    assert contrast(palette.type, palette.ground) >= 4.5
    assert contrast(palette.quiet_type, palette.ground) >= 4.5
