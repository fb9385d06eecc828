"""The viewer's own ratings are respected, and all that follows a rating follows these."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recommendations.models import Mark, Movie, Rating, Viewer
from recommendations.models.taste import recount
from tests.importers.exports.files import brought, letterboxd, stars_of

TWO = letterboxd("Toy Story,1995,4.5", "Moonlight,2016,2")


def counts() -> list[tuple[int, int, float]]:
    return list(Movie.objects.order_by("id").values_list("id", "rating_count", "stars_sum"))


def test_the_same_import_again_changes_nothing(tmp_path: Path, ada: Viewer) -> None:
    brought(tmp_path / "x.csv", TWO, ada)
    before = (ada.taste_version, counts(), list(Rating.objects.order_by("id").values()))

    report = brought(tmp_path / "x.csv", TWO, ada)

    assert (report.unchanged, report.matched) == (2, 2)
    assert before == (ada.taste_version, counts(), list(Rating.objects.order_by("id").values()))


def test_the_taste_version_moves_once(tmp_path: Path, ada: Viewer) -> None:
    brought(tmp_path / "x.csv", TWO, ada)

    assert Viewer.objects.get(pk=ada.pk).taste_version == 1


@pytest.mark.parametrize(
    ("rated_at", "stars"),
    [
        (datetime(2024, 2, 29, 23, 59, tzinfo=UTC), 4.5),
        (datetime(2024, 3, 1, 23, 59, tzinfo=UTC), 4.5),
        (datetime(2024, 3, 2, 0, 0, tzinfo=UTC), 1.0),
    ],
)
def test_a_rating_gives_way_to_one_of_the_same_day_or_later(
    tmp_path: Path, ada: Viewer, rated_at: datetime, stars: float
) -> None:
    ada.rate(Movie.objects.get(pk=1), 1.0, rated_at)

    report = brought(tmp_path / "x.csv", TWO, ada)

    assert stars_of(ada) == {1: stars, 9: 2.0}
    assert (report.replaced, report.kept) == ((1, 0) if stars == 4.5 else (0, 1))


def test_stars_without_a_date_are_added_but_replace_none(tmp_path: Path, ada: Viewer) -> None:
    ada.rate(Movie.objects.get(pk=1), 1.0)
    undated = "movieId,rating,title\n1,5,Toy Story (1995)\n9,5,Moonlight\n"

    report = brought(tmp_path / "x.csv", undated, ada)

    assert stars_of(ada) == {1: 1.0, 9: 5.0}
    assert (report.added, report.kept) == (1, 1)


def test_the_counts_of_films_move_as_if_each_were_rated(tmp_path: Path, ada: Viewer) -> None:
    ada.rate(Movie.objects.get(pk=1), 1.0, datetime(2020, 1, 1, tzinfo=UTC))

    brought(tmp_path / "x.csv", TWO, ada)

    moved = counts()
    assert (1, 1, 4.5) in moved
    assert (9, 1, 2.0) in moved
    recount(Movie.objects.all())
    assert counts() == moved


def test_a_copied_taste_does_not_count(tmp_path: Path, ada: Viewer) -> None:
    ada.copy_taste(Viewer.objects.create(display_name="Bea"))

    brought(tmp_path / "x.csv", TWO, ada)

    assert {count for _, count, _ in counts()} == {0}


def test_the_ratings_of_others_stay(tmp_path: Path, ada: Viewer) -> None:
    bea = Viewer.objects.create(display_name="Bea")
    bea.rate(Movie.objects.get(pk=1), 1.0)

    brought(tmp_path / "x.csv", TWO, ada)

    assert stars_of(bea) == {1: 1.0}


def test_many_ratings_take_few_statements(tmp_path: Path, ada: Viewer) -> None:
    films = range(100, 1100)
    Movie.objects.bulk_create(Movie(id=film, title=f"Film {film}", year=1990) for film in films)
    rows = [f"Film {film},1990,{film % 10 / 2 + 0.5}" for film in films]

    with CaptureQueriesContext(connection) as captured:
        report = brought(tmp_path / "x.csv", letterboxd(*rows), ada)

    assert report.added == 1000
    assert len(captured) < 35


def test_what_is_rated_loses_its_marks_for_stars_say_more(tmp_path: Path, ada: Viewer) -> None:
    rated, other = Movie.objects.get(pk=1), Movie.objects.exclude(pk__in=[1, 9])[0]
    for movie in (rated, other):
        Mark.put(ada, movie, Mark.Kind.LESS)
        Mark.put(ada, movie, Mark.Kind.HIDDEN)

    brought(tmp_path / "x.csv", TWO, ada)

    assert set(ada.marks.values_list("movie", "kind")) == {
        (other.pk, Mark.Kind.LESS),
        (other.pk, Mark.Kind.HIDDEN),
    }
