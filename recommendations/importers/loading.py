"""Writing films, and clearing away the data set that was there before."""

from collections.abc import Collection, Iterable

from django.db import connection
from django.db.models import F

from recommendations.importers.report import Progress, Step
from recommendations.importers.rows import Film, Link
from recommendations.importers.staging import Stage, batches, staged
from recommendations.models import (
    Genre,
    Movie,
    MovieTag,
    Person,
    Prediction,
    TrainedModel,
    UnmatchedEntry,
    Viewer,
)

BATCH = 500

#: Films that are written at a time.
AT_ONCE = 5_000

FILMS = Stage(
    name="staged_films",
    create=dict.fromkeys(
        ("sqlite", "postgresql"),
        """
            CREATE TEMPORARY TABLE staged_films
                (id integer NOT NULL, title text NOT NULL, year integer, main_genre text NOT NULL)
        """,
    ),
    copy="COPY staged_films (id, title, year, main_genre) FROM STDIN",
    insert="INSERT INTO staged_films (id, title, year, main_genre) VALUES (%s, %s, %s, %s)",
)

WRITE_FILMS = """
    INSERT INTO recommendations_movie
        (id, title, year, main_genre, country, poster_path, rating_count, stars_sum)
    SELECT id, title, year, main_genre, '', '', 0, 0 FROM staged_films WHERE true
    ON CONFLICT (id) DO UPDATE
    SET title = excluded.title, year = excluded.year, main_genre = excluded.main_genre
"""

GENRES = Stage(
    name="staged_genres",
    create=dict.fromkeys(
        ("sqlite", "postgresql"),
        "CREATE TEMPORARY TABLE staged_genres (movie_id integer NOT NULL, name text NOT NULL)",
    ),
    copy="COPY staged_genres (movie_id, name) FROM STDIN",
    insert="INSERT INTO staged_genres (movie_id, name) VALUES (%s, %s)",
)

FORGET_GENRES = """
    DELETE FROM recommendations_movie_genres WHERE movie_id IN (SELECT id FROM staged_films)
"""

WRITE_GENRES = """
    INSERT INTO recommendations_movie_genres (movie_id, genre_id)
    SELECT staged.movie_id, genre.id
    FROM staged_genres AS staged JOIN recommendations_genre AS genre ON genre.name = staged.name
"""

LINKS = Stage(
    name="staged_links",
    create=dict.fromkeys(
        ("sqlite", "postgresql"),
        """
            CREATE TEMPORARY TABLE staged_links
                (movie_id integer NOT NULL, imdb_id integer, tmdb_id integer)
        """,
    ),
    copy="COPY staged_links (movie_id, imdb_id, tmdb_id) FROM STDIN",
    insert="INSERT INTO staged_links (movie_id, imdb_id, tmdb_id) VALUES (%s, %s, %s)",
)

WRITE_LINKS = """
    UPDATE recommendations_movie SET imdb_id = link.imdb_id, tmdb_id = link.tmdb_id
    FROM staged_links AS link WHERE recommendations_movie.id = link.movie_id
"""


def write_films(films: Iterable[Film], known: set[int], *, replacing: bool) -> None:
    """Write films and their genres, and put their ids into `known`."""
    for batch in batches(films, AT_ONCE):
        by_id = {film.id: film for film in batch}
        if replacing:
            delete_other_films_of_same_id(by_id)
        write_movies_and_genres(by_id.values())
        known.update(by_id)


def write_movies_and_genres(films: Collection[Film]) -> None:
    names = {genre for film in films for genre in film.genres}
    Genre.objects.bulk_create([Genre(name=name) for name in sorted(names)], ignore_conflicts=True)
    rows = [(film.id, film.title, film.year, film.main_genre) for film in films]
    pairs = [(film.id, genre) for film in films for genre in film.genres]
    with staged(FILMS, rows), staged(GENRES, pairs), connection.cursor() as cursor:
        cursor.execute(WRITE_FILMS)
        cursor.execute(FORGET_GENRES)
        cursor.execute(WRITE_GENRES)


def write_links(links: Iterable[Link]) -> None:
    """Write the ids that the films have elsewhere; only links of known films may come."""
    for batch in batches(links, AT_ONCE):
        by_id = {link.movie_id: link for link in batch}
        with staged(LINKS, by_id.values()), connection.cursor() as cursor:
            cursor.execute(WRITE_LINKS)


def clear_away(progress: Progress) -> None:
    """Delete what belongs to the old data set, but for its films: they may be in the new one.

    Accounts and guests stay, and what they rated stays as long as its film does.
    """
    Prediction.objects.all().delete()
    TrainedModel.objects.all().delete()
    MovieTag.objects.all().delete()
    delete_imported_viewers(progress)
    UnmatchedEntry.objects.update(rejected=[])
    Viewer.objects.update(taste_version=F("taste_version") + 1)


def delete_imported_viewers(progress: Progress) -> None:
    imported = Viewer.objects.filter(kind=Viewer.Kind.IMPORTED).order_by("pk")
    step = Step("deleting old viewers", imported.count(), unit=" viewers")
    progress(step, 0)
    for done in range(0, step.total, BATCH):
        # Their ratings go with them.
        Viewer.objects.filter(pk__in=list(imported.values_list("pk", flat=True)[:BATCH])).delete()
        progress(step, min(done + BATCH, step.total))


def delete_other_films_of_same_id(films: dict[int, Film]) -> None:
    """Delete films that had these ids in the old data set; ids differ among the early sets."""
    others = [
        pk
        for pk, title, year in Movie.objects.filter(pk__in=films).values_list(
            "id", "title", "year"
        )
        if (title, year) != (films[pk].title, films[pk].year)
    ]
    Movie.objects.filter(pk__in=others).delete()


def delete_films_but(known: set[int]) -> None:
    gone = [pk for pk in Movie.objects.values_list("pk", flat=True) if pk not in known]
    for batch in batches(gone, BATCH):
        Movie.objects.filter(pk__in=batch).delete()
    Genre.objects.filter(movies=None).delete()
    Person.objects.filter(movies=None).delete()
