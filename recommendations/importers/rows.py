"""What one row of MovieLens says, and whether it can be true."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from recommendations.importers.report import BadRow
from recommendations.importers.titles import title_and_year
from recommendations.models import Genre, Movie, MovieTag
from recommendations.models.taste import HALVES

#: The largest id that PostgreSQL's integer holds, and the last second that is taken for a date.
LARGEST_ID = 2**31 - 1
LAST_SECOND = 2**32 - 1

STARS = {form: half for half in HALVES for form in (str(half), f"{half:g}")}

NO_GENRES = {"", "unknown", "(no genres listed)"}
RENAMED_GENRES = {"Children's": "Children"}

#: The genre columns of u.item.
FLAGGED_GENRES = [
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime",
    "Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance",
    "Sci-Fi", "Thriller", "War", "Western",
]  # fmt: skip

#: What a poster is drawn for: the rarer a genre and the more it has a look, the earlier.
TELLING_GENRES = [
    "Film-Noir", "Western", "Animation", "Musical", "Documentary", "War", "Horror", "Sci-Fi",
    "Fantasy", "Mystery", "Crime", "Thriller", "Romance", "Children", "Adventure", "Action",
    "Comedy", "Drama",
]  # fmt: skip

LONGEST_TITLE = Movie._meta.get_field("title").max_length or 0
LONGEST_GENRE = Genre._meta.get_field("name").max_length or 0
LONGEST_TAG = MovieTag._meta.get_field("name").max_length or 0


class Film(NamedTuple):
    id: int
    title: str
    year: int | None
    genres: list[str]

    @property
    def main_genre(self) -> str:
        return next((genre for genre in TELLING_GENRES if genre in self.genres), "")


class Link(NamedTuple):
    movie_id: int
    imdb_id: int | None
    tmdb_id: int | None


class GivenStars(NamedTuple):
    viewer_id: int
    movie_id: int
    stars: float
    seconds: int


class GivenTag(NamedTuple):
    movie_id: int
    name: str


Known = Collection[int]
Fields = Sequence[str]


def film(fields: Fields, _known: Known) -> Film:
    movie_id, title, genres = fields
    return film_of(movie_id, title, genres.split("|"))


def flagged_film(fields: Fields, _known: Known) -> Film:
    """Read a row of u.item: id, title, two dates, address, and a flag for each genre."""
    flags = fields[5:]
    if not {"0", "1"}.issuperset(flags):
        raise BadRow("a genre is flagged by neither 0 nor 1")
    genres = [genre for genre, flag in zip(FLAGGED_GENRES, flags, strict=True) if flag == "1"]
    return film_of(fields[0], fields[1], genres)


def film_of(movie_id: str, raw_title: str, raw_genres: list[str]) -> Film:
    title, year = title_and_year(raw_title)
    genres = [RENAMED_GENRES.get(genre, genre) for genre in map(str.strip, raw_genres)]
    known_genres = [genre for genre in dict.fromkeys(genres) if genre not in NO_GENRES]
    return Film(
        id=number("movie id", movie_id, LARGEST_ID),
        title=text("title", title, LONGEST_TITLE),
        year=year,
        genres=[text("genre", genre, LONGEST_GENRE) for genre in known_genres],
    )


def link(fields: Fields, known: Known) -> Link:
    movie_id, imdb_id, tmdb_id = fields
    return Link(
        known_movie(movie_id, known),
        number("IMDb id", imdb_id, LARGEST_ID) if imdb_id else None,
        number("TMDB id", tmdb_id, LARGEST_ID) if tmdb_id else None,
    )


def given_stars(fields: Fields, known: Known) -> GivenStars:
    viewer_id, movie_id, stars, seconds = fields
    return GivenStars(
        number("user id", viewer_id, LARGEST_ID),
        known_movie(movie_id, known),
        STARS.get(stars) or half_stars(stars),
        number("timestamp", seconds, LAST_SECOND),
    )


def given_tag(fields: Fields, known: Known) -> GivenTag:
    viewer_id, movie_id, name, seconds = fields
    number("user id", viewer_id, LARGEST_ID)
    number("timestamp", seconds, LAST_SECOND)
    return GivenTag(known_movie(movie_id, known), text("tag", name.strip().lower(), LONGEST_TAG))


def number(what: str, digits: str, largest: int) -> int:
    # int() alone would take "1_000", " 7" and digits of other scripts as well.
    if not (digits.isascii() and digits.isdigit()):
        raise BadRow(f"{what} {digits[:40]!r} is not a whole number from 0")
    if len(digits) > 20 or int(digits) > largest:
        raise BadRow(f"{what} {digits[:40]} is out of range")
    return int(digits)


def known_movie(digits: str, known: Known) -> int:
    movie_id = number("movie id", digits, LARGEST_ID)
    if movie_id not in known:
        raise BadRow(f"unknown movie {movie_id}")
    return movie_id


def half_stars(written: str) -> float:
    try:
        stars = float(written)
    except ValueError:
        raise BadRow(f"rating {written[:40]!r} is not a number") from None
    if stars not in HALVES:
        raise BadRow(f"rating {written[:40]} is out of range: 0.5 to 5 stars in halves")
    return stars


def text(what: str, value: str, longest: int) -> str:
    if not value:
        raise BadRow(f"no {what}")
    if len(value) > longest:
        raise BadRow(f"{what} longer than {longest} characters")
    return value
