"""Ratings as arrays: the same from SQLite and from PostgreSQL."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from recommendations.models import Movie, Rating, Viewer, rating_arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from recommendations.models.taste import RatingQuerySet

RATED_AT = datetime(2016, 5, 4, 3, 2, 1, 900_000, tzinfo=UTC)


@pytest.fixture
def viewers(db: None) -> list[Viewer]:
    """Two with three ratings each; the films' titles run against their ids."""
    films = [Movie.objects.create(id=film, title=f"Film {9 - film}") for film in (3, 1, 2)]
    viewers = [Viewer.objects.create(kind=Viewer.Kind.IMPORTED, imported_id=n) for n in (1, 2)]
    Rating.objects.bulk_create(
        Rating(viewer=viewer, movie=film, stars=film.pk + 0.5, rated_at=RATED_AT)
        for viewer in reversed(viewers)
        for film in films
    )
    return viewers


def read(ratings: "RatingQuerySet") -> "NDArray[Any]":
    return rating_arrays.read(ratings, lambda *_: None)


def test_rows_are_ordered_by_viewer_and_film(viewers: list[Viewer]) -> None:
    rows = read(Rating.objects.all())
    assert rows["viewer"].tolist() == [viewers[0].pk] * 3 + [viewers[1].pk] * 3
    assert rows["movie"].tolist() == [1, 2, 3, 1, 2, 3]
    assert rows["stars"].tolist() == [1.5, 2.5, 3.5, 1.5, 2.5, 3.5]


def test_times_are_whole_seconds_since_1970(viewers: list[Viewer]) -> None:
    assert set(read(Rating.objects.all())["seconds"].tolist()) == {int(RATED_AT.timestamp())}


def test_only_the_ratings_asked_for_are_read(viewers: list[Viewer]) -> None:
    rows = read(Rating.objects.filter(viewer=viewers[1], stars__gt=2))
    assert rows["movie"].tolist() == [2, 3]


def test_many_blocks_are_one_array(viewers: list[Viewer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rating_arrays, "READ_AT_ONCE", 2)
    monkeypatch.setattr(rating_arrays, "COPIED_AT_ONCE", 2)
    reports: list[tuple[int, int]] = []

    def report(done: int, total: int) -> None:
        # As a training does, which writes its progress to its row.
        Movie.objects.filter(pk=1).update(country=f"{done} of {total}")
        reports.append((done, total))

    rows = rating_arrays.read(Rating.objects.all(), report)
    assert rows["movie"].tolist() == [1, 2, 3, 1, 2, 3]
    assert reports[0] == (0, 6)
    assert reports[-1] == (6, 6)


def test_no_rating_is_an_empty_array(db: None) -> None:
    assert len(read(Rating.objects.all())) == 0
