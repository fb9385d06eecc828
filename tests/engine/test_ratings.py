import numpy as np
import pytest

from recommendations.engine.ratings import Ratings, UnusableRatings

VIEWERS, FILMS, STARS = [70, 5, 70, 5], [900, 20, 20, 3], [1.0, 2.0, 3.0, 4.5]


def test_raw_ids_become_indices_in_ascending_order() -> None:
    ratings = Ratings.from_ids(VIEWERS, FILMS, STARS)
    assert ratings.user_ids.tolist() == [5, 70]
    assert ratings.film_ids.tolist() == [3, 20, 900]
    assert ratings.users.tolist() == [0, 0, 1, 1]
    assert ratings.films.tolist() == [0, 1, 1, 2]
    assert ratings.stars.tolist() == [4.5, 2, 3, 1]


def test_arrays_are_as_narrow_as_promised() -> None:
    ratings = Ratings.from_ids(VIEWERS, FILMS, STARS)
    assert [
        array.dtype
        for array in (
            ratings.user_ids,
            ratings.film_ids,
            ratings.users,
            ratings.films,
            ratings.stars,
            ratings.support,
        )
    ] == [np.int64, np.int32, np.int32, np.int32, np.float32, np.int32]


def test_a_viewers_rows_and_a_films_support() -> None:
    ratings = Ratings.from_ids(VIEWERS, FILMS, STARS)
    assert ratings.stars[ratings.of_user(1)].tolist() == [3, 1]
    assert ratings.support.tolist() == [1, 2, 1]


def test_the_fingerprint_hangs_on_the_data_and_not_on_its_order() -> None:
    ratings = Ratings.from_ids(VIEWERS, FILMS, STARS)
    turned = Ratings.from_ids(VIEWERS[::-1], FILMS[::-1], STARS[::-1])
    other = Ratings.from_ids(VIEWERS, FILMS, [1.0, 2.0, 3.0, 5.0])
    assert ratings.fingerprint == turned.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("viewers", "films", "stars", "message"),
    [
        ([], [], [], "at least 2 viewers of at least 2 films; there are 0 by 0 of 0"),
        ([1, 1], [1, 2], [1, 2], "there are 2 by 1 of 2"),
        ([1, 2], [1, 1], [1, 2], "there are 2 by 2 of 1"),
        ([1, 2], [1, 2], [1, np.nan], "Stars must be numbers"),
        ([1, 2], [1, 2], [0, 1], "from 0.5 to 5.0"),
        ([1, 2], [1, 2], [1, 5.5], "from 0.5 to 5.0"),
        ([1, 2], [1, 2], [3, 3], "All 2 ratings are 3 stars"),
        ([1, 2, 1], [1, 2, 1], [1, 2, 3], "rated a film twice"),
        ([1, 2], [1, 2], [1], "as many viewers"),
    ],
)
def test_what_nothing_can_be_learned_from_is_refused(
    viewers: list[int], films: list[int], stars: list[float], message: str
) -> None:
    with pytest.raises(UnusableRatings, match=message):
        Ratings.from_ids(viewers, films, stars)
