"""Groups of films: the ones that are there are found, and nothing is left to chance."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from recommendations.engine.clusters import affinity, belonging, clusters
from recommendations.engine.contract import Similar

#: Films of three kinds in turns, ten of each.
KINDS = np.arange(30) % 3


def alike(within: float, between: float) -> Any:
    """The affinity of such films, with a little noise."""
    noise = np.random.default_rng(5).random((30, 30)) * 0.05
    found = np.where(KINDS[:, None] == KINDS, within, between) + noise
    np.fill_diagonal(found, 0)
    return (found + found.T) / 2


def partition(labels: Any) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels.tolist())}


@pytest.mark.parametrize("between", [0.0, 0.2, 0.5])
def test_groups_that_are_there_are_found(between: float) -> None:
    assert partition(clusters(alike(1.0, between), 3)) == partition(KINDS)


def test_the_order_of_the_films_does_not_matter() -> None:
    shuffled = np.random.default_rng(1).permutation(30)
    labels = clusters(alike(1.0, 0.2)[np.ix_(shuffled, shuffled)], 3)
    assert partition(labels[np.argsort(shuffled)]) == partition(KINDS)


def test_the_same_affinity_gives_the_same_labels() -> None:
    noise = alike(0.4, 0.4)
    assert clusters(noise, 4).tolist() == clusters(noise.copy(), 4).tolist()


def test_groups_of_noise_are_neither_empty_nor_all_there_is() -> None:
    sizes = np.bincount(clusters(alike(0.4, 0.4), 3), minlength=3)
    assert sizes.min() >= 3
    assert sizes.max() <= 20


def test_a_film_that_is_like_no_other_disturbs_no_group() -> None:
    lonely = np.zeros((31, 31))
    lonely[:30, :30] = alike(1.0, 0.1)
    labels = clusters(lonely, 3)
    assert partition(labels[:30]) == partition(KINDS)


def test_more_groups_than_can_be_told_apart_are_no_error() -> None:
    labels = clusters(np.ones((6, 6)), 4)
    assert labels.shape == (6,)
    assert labels.max() < 4


def test_a_film_belongs_as_far_as_what_it_is_like_is_in_its_group() -> None:
    pairs = np.array([[0, 3, 1], [3, 0, 0], [1, 0, 0]], float)
    assert belonging(pairs, np.array([0, 0, 1], np.int32)).tolist() == [0.75, 1, 0]


def test_affinity_takes_the_models_neighbours_in_units_of_the_nearest() -> None:
    near = {0: [Similar(1, 8.0), Similar(9, 6.0), Similar(2, 4.0)], 1: [Similar(0, 2.0)], 2: []}
    model: Any = SimpleNamespace(similar=lambda film, n: near[film][:n])
    found = affinity(model, np.array([0, 1, 2], np.int32))
    assert found.tolist() == [[0, 1, 0.25], [1, 0, 0], [0.25, 0, 0]]
