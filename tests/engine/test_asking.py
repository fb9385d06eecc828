"""Which film to ask about: one that was seen by many, unlike the last, and likely seen."""

import numpy as np
import pytest

from recommendations.engine.asking import by_entropy, remembered, worth_asking

NOWHERE = np.zeros(3, bool)


def test_what_most_have_seen_is_asked_about_first() -> None:
    assert worth_asking(np.array([5, 80, 30]), NOWHERE).tolist() == [1, 2, 0]


def test_what_is_like_the_last_comes_after_all_that_is_not() -> None:
    near = np.array([False, True, False])
    assert worth_asking(np.array([5, 80, 30]), near).tolist() == [2, 0, 1]


def test_what_fits_was_likely_seen() -> None:
    fit = np.array([9.0, 0.0, 1.0])
    assert worth_asking(np.array([38, 40, 10]), NOWHERE, fit)[0] == 0


def test_films_alike_in_all_keep_their_order() -> None:
    same = np.array([7, 7, 7])
    assert worth_asking(same, NOWHERE, np.ones(3)).tolist() == [0, 1, 2]


def test_of_no_films_none_is_asked_about() -> None:
    assert worth_asking(np.array([], int), np.array([], bool)).tolist() == []


@pytest.mark.parametrize(("fit", "last"), [(None, 10), (np.ones(1), 3)])
def test_only_the_last_films_are_remembered(fit: np.ndarray | None, last: int) -> None:
    assert list(remembered(range(20), fit)) == list(range(20 - last, 20))
    assert list(remembered(range(2), fit)) == [0, 1]


def test_entropy_prefers_what_people_disagree_about() -> None:
    agreed, disputed = np.eye(10, dtype=int)[9] * 20, np.full(10, 2)
    values = by_entropy(np.stack([agreed, disputed]))
    assert values[0] == 0
    assert values[1] == pytest.approx(np.log(21) * np.log2(10))
