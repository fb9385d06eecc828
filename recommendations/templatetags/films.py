"""What templates need to show a film."""

from collections.abc import Collection
from functools import lru_cache
from typing import TypedDict
from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.urls import get_script_prefix, reverse
from django.utils.html import format_html_join

from recommendations.models import Credit, Mark, Movie, Person, Rating
from recommendations.models.marks import SAID_BY_STARS
from recommendations.models.taste import HALVES
from recommendations.posters import poster_version

register = template.Library()

LOWEST, HIGHEST = HALVES[0], HALVES[-1]


class HalfStar(TypedDict):
    value: str
    label: str
    id: str
    left: bool
    on: bool
    current: bool


class MarkButton(TypedDict):
    kind: str
    label: str
    on: bool


class Bar(TypedDict):
    x: int
    y: int
    height: int


@register.filter
def poster_url(movie: Movie) -> str:
    if settings.TMDB_API_KEY and movie.poster_path:
        return f"{settings.TMDB_IMAGES}/t/p/w342{movie.poster_path}"
    return _drawn_poster(
        get_script_prefix(), movie.pk, movie.short_title, movie.year, movie.main_genre
    )


@lru_cache(maxsize=2**14)
def _drawn_poster(_prefix: str, film: int, title: str, year: int | None, genre: str) -> str:
    return reverse("poster", args=[film, poster_version(title, year, genre)])


@register.filter
def menu_url(movie: Movie) -> str:
    return _menu_url(get_script_prefix(), movie.pk)


@lru_cache(maxsize=2**14)
def _menu_url(_prefix: str, film: int) -> str:
    return reverse("fragment-menu", args=[film])


@register.simple_tag
def uses_tmdb() -> bool:
    """Whether TMDB's images are shown, and so its notice must be."""
    return bool(settings.TMDB_API_KEY)


@register.filter
def hours(minutes: int) -> str:
    """165 as "2 h 45", as on the back of the box."""
    whole, rest = divmod(minutes, 60)
    if not whole:
        return f"{rest} min"
    return f"{whole} h {rest:02}" if rest else f"{whole} h"


@register.simple_tag
def half_stars(rating: Rating | None) -> list[HalfStar]:
    """The ten buttons of the rating form."""
    given = rating.stars if rating else 0
    return [
        HalfStar(
            value=f"{half / 2:.1f}",
            label=f"{half / 2:g} star{'s' * (half != 2)}",
            id=f"rate-{half}",
            left=half % 2 == 1,
            on=half / 2 <= given,
            current=half / 2 == given,
        )
        for half in range(1, 11)
    ]


@register.simple_tag
def mark_buttons(kinds: Collection[str], rating: object) -> list[MarkButton]:
    """What a film can be marked as; of what was rated, the stars say the most of that already.

    *More like this* can only be taken back here.
    """
    offered = [Mark.Kind.SEEN, Mark.Kind.WATCHLIST, Mark.Kind.HIDDEN, Mark.Kind.LESS]
    if Mark.Kind.MORE in kinds:
        offered.append(Mark.Kind.MORE)
    return [
        MarkButton(kind=kind.value, label=str(kind.label).capitalize(), on=kind in kinds)
        for kind in offered
        if not (rating and kind in SAID_BY_STARS)
    ]


@register.filter
def bars(histogram: list[tuple[float, int]], height: int) -> list[Bar]:
    """Rectangles 15 wide and 20 apart; the tallest is `height`, and none is invisible."""
    most = max((count for _, count in histogram), default=0) or 1
    drawn: list[Bar] = []
    for place, (_, count) in enumerate(histogram):
        tall = max(2, round(height * count / most))
        drawn.append(Bar(x=place * 20, y=height - tall, height=tall))
    return drawn


@register.filter
def half(number: int) -> str:
    """Half of a whole number, as stars are written: 3 is "1.5", 4 is "2"."""
    return f"{number / 2:g}"


@register.filter
def on_scale(stars: float | str) -> int:
    """Where so many stars lie on a line from 0.5 to 5 that is 140 wide and begins at 8."""
    return round(8 + 140 * (float(stars) - LOWEST) / (HIGHEST - LOWEST))


@register.filter
def in_words(histogram: list[tuple[float, int]]) -> str:
    """The same for those who do not see the bars."""
    counts = ", ".join(f"{stars:g} stars {count} times" for stars, count in histogram)
    return f"How others rated it: {counts}"


@register.filter
def linked(people: list[Person]) -> str:
    """Their names, each of which leads to the person's films."""
    browse = reverse("browse")
    links = ((browse, urlencode({"q": person.name}), person.name) for person in people)
    return format_html_join(", ", '<a href="{}?{}">{}</a>', links)


@register.filter
def of_role(credits_: list[Credit], role: str) -> list[Person]:
    return [credit.person for credit in credits_ if credit.role == role]
