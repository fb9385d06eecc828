"""Writing films, and clearing away the data set that was there before."""

from collections.abc import Iterable

from django.db.models import F

from recommendations.importers.report import Progress, Step
from recommendations.importers.rows import Film, Link
from recommendations.importers.staging import batches
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


def write_films(films: Iterable[Film], known: set[int], *, replacing: bool) -> None:
    """Write films and their genres, and put their ids into `known`."""
    for batch in batches(films, BATCH):
        by_id = {film.id: film for film in batch}
        if replacing:
            delete_other_films_of_same_id(by_id)
        write_movies(by_id.values())
        write_genres(by_id.values())
        known.update(by_id)


def write_movies(films: Iterable[Film]) -> None:
    Movie.objects.bulk_create(
        [
            Movie(id=film.id, title=film.title, year=film.year, main_genre=film.main_genre)
            for film in films
        ],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["title", "year", "main_genre"],
    )


def write_genres(films: Iterable[Film]) -> None:
    films = list(films)
    names = {genre for film in films for genre in film.genres}
    Genre.objects.bulk_create([Genre(name=name) for name in sorted(names)], ignore_conflicts=True)
    ids = dict(Genre.objects.filter(name__in=names).values_list("name", "pk"))
    of_movies = Movie.genres.through
    of_movies.objects.filter(movie__in=[film.id for film in films]).delete()
    of_movies.objects.bulk_create(
        of_movies(movie_id=film.id, genre_id=ids[genre]) for film in films for genre in film.genres
    )


def write_links(links: Iterable[Link]) -> None:
    """Write the ids that the films have elsewhere; only links of known films may come."""
    for batch in batches(links, BATCH):
        by_id = {link.movie_id: link for link in batch}
        Movie.objects.bulk_create(
            [
                Movie(id=link.movie_id, imdb_id=link.imdb_id, tmdb_id=link.tmdb_id)
                for link in by_id.values()
            ],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["imdb_id", "tmdb_id"],
        )


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
