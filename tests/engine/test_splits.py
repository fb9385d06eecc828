from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import surprise
from surprise.model_selection import KFold

from recommendations.engine.features import FilmFeatures
from recommendations.engine.ratings import UnusableRatings
from recommendations.engine.splits import (
    Case,
    RatingLog,
    Split,
    held_out_viewers,
    kfold,
    leave_last_out,
    stratified_by_item,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Six ratings of film 7, two of film 3, one of film 9, in no order.
FILMS = np.array([7, 3, 7, 7, 9, 7, 3, 7, 7])


def a_log(users: list[int], films: list[int]) -> RatingLog:
    n = len(users)
    return RatingLog(
        np.array(users, np.int64),
        np.array(films, np.int32),
        np.linspace(1, 5, n, dtype=np.float32),
        np.arange(n),
    )


def all_rows(split: Split) -> list[int]:
    return sorted([*split.train.tolist(), *split.test.tolist()])


def by_hand(films: "NDArray[np.int64]", seed: int) -> list[int]:
    """The tested rows, literally as the protocol words it."""
    np.random.seed(seed)  # noqa: NPY002
    draws = np.random.rand(len(films)).tolist()  # noqa: NPY002
    tested: list[int] = []
    for film in sorted(set(films.tolist())):
        rows = [row for row in range(len(films)) if films[row] == film]
        rows.sort(key=lambda row: draws[row])
        tested += rows[round(0.75 * len(rows)) :]
    return sorted(tested)


def test_of_each_film_the_lowest_draws_are_trained_on() -> None:
    # Draws of seed 42: .37 .95 .73 .60 .16 .16 .06 .87 .60; halves round to even: 4 of 6, 2 of 2.
    split = stratified_by_item(FILMS, seed=42)
    assert split.test.tolist() == [2, 7]
    assert split.train.tolist() == [0, 1, 3, 4, 5, 6, 8]


@pytest.mark.parametrize("seed", [42, 43, 1042])
def test_it_is_the_protocol_as_worded(seed: int) -> None:
    films = np.random.default_rng(5).integers(1, 40, 500)
    split = stratified_by_item(films, seed)
    assert split.test.tolist() == by_hand(films, seed)
    assert all_rows(split) == list(range(500))


def test_a_split_does_not_touch_what_others_draw() -> None:
    np.random.seed(1)  # noqa: NPY002
    expected = np.random.rand()  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    stratified_by_item(FILMS, 42)
    assert np.random.rand() == expected  # noqa: NPY002


def test_some_rows_of_a_log_are_a_log_in_the_same_order() -> None:
    log = a_log([3, 1, 2], [7, 8, 9])
    some = log.only(np.array([0, 2]))
    assert (some.users.tolist(), some.films.tolist()) == ([3, 2], [7, 9])
    assert (some.stars.tolist(), some.seconds.tolist()) == ([1, 5], [0, 2])


def test_a_fingerprint_is_of_the_ratings_their_order_and_what_is_known_of_films() -> None:
    log = a_log([3, 1, 2], [7, 8, 9])
    features = FilmFeatures(log.films, np.ones((3, 1), np.bool_), np.ones(3, np.float32))
    turned = log.only(np.array([2, 1, 0]))
    others = [turned, turned.only(np.array([1, 2])), replace(log, features=features)]
    assert log.fingerprint == turned.only(np.array([2, 1, 0])).fingerprint
    assert len({each.fingerprint for each in [log, *others]}) == 4


@pytest.mark.parametrize("n", [10, 13])
def test_folds_are_those_of_surprise(n: int) -> None:
    rows = [(row, row, 1 + row % 5, None) for row in range(n)]
    data = surprise.Dataset(surprise.Reader(rating_scale=(1, 5)))
    data.raw_ratings = rows
    theirs = [
        sorted(viewer for viewer, _, _ in tested)
        for _, tested in KFold(5, random_state=0).split(data)
    ]
    ours = kfold(n)
    assert [split.test.tolist() for split in ours] == theirs
    assert all(all_rows(split) == list(range(n)) for split in ours)


def test_each_viewers_last_rating_is_tested_and_of_a_tie_the_highest_film_id() -> None:
    users = np.array([1, 1, 1, 2, 2, 3])
    films = np.array([5, 9, 7, 4, 2, 8])
    seconds = np.array([10, 30, 30, 60, 50, 20])
    split = leave_last_out(users, films, seconds)
    assert split.test.tolist() == [1, 3, 5]
    assert split.train.tolist() == [0, 2, 4]


def test_nothing_can_be_split_too() -> None:
    nothing = np.empty(0, np.int64)
    assert all_rows(stratified_by_item(nothing)) == []
    assert all_rows(leave_last_out(nothing, nothing, nothing)) == []


def test_every_viewer_is_held_out_once() -> None:
    users = np.repeat(np.arange(100, 112), 3)
    folds = held_out_viewers(users, seed=42)
    dealt = np.random.RandomState(42).permutation(np.arange(100, 112))
    assert folds[0].tolist() == dealt[[0, 5, 10]].tolist()
    assert [len(fold) for fold in folds] == [3, 3, 2, 2, 2]
    assert sorted(np.concatenate(folds).tolist()) == list(range(100, 112))


def test_a_case_is_each_viewer_with_tested_rows_with_or_without_a_history() -> None:
    log = a_log([2, 1, 2, 3, 1], [5, 5, 6, 6, 7])
    cases = Case.of(log, Split(np.array([0, 1, 4]), np.array([2, 3])))
    assert [(case.viewer, case.known.tolist(), case.tested.tolist()) for case in cases] == [
        (2, [0], [2]),
        (3, [], [3]),
    ]


def test_nothing_to_measure_on_is_said() -> None:
    with pytest.raises(UnusableRatings, match="No rating is left to measure on"):
        Case.of(a_log([1, 2], [1, 2]), Split(np.array([0, 1]), np.empty(0, np.intp)))
