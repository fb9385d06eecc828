import math

import numpy as np
import pytest

from recommendations.engine import metrics

#: Three viewers, k = 3: hits at ranks 1 and 3, none, and at 2 alone of two recommended.
HITS = np.array([[True, False, True], [False, False, False], [False, True, False]])
RELEVANT = np.array([4, 2, 1])

SECOND, THIRD = 1 / math.log2(3), 1 / math.log2(4)


def test_precision_is_by_k_even_where_less_was_recommended() -> None:
    assert metrics.precision(HITS) == pytest.approx([2 / 3, 0, 1 / 3])


def test_recall_is_by_the_relevant_films() -> None:
    assert metrics.recall(HITS, RELEVANT) == pytest.approx([2 / 4, 0, 1])


def test_ndcg_is_by_an_ideal_of_at_most_k_hits() -> None:
    ideal_of_three = 1 + SECOND + THIRD
    assert metrics.ndcg(HITS, RELEVANT) == pytest.approx([(1 + THIRD) / ideal_of_three, 0, SECOND])


def test_ndcg_of_the_best_possible_ranking_is_one() -> None:
    hits = np.array([[True, True, True], [True, True, False], [True, False, False]])
    assert metrics.ndcg(hits, np.array([7, 2, 1])) == pytest.approx([1, 1, 1])


def test_average_precision_sums_the_precision_at_each_hit_by_the_relevant_films() -> None:
    assert metrics.average_precision(HITS, RELEVANT) == pytest.approx(
        [(1 / 1 + 2 / 3) / 4, 0, (1 / 2) / 1]
    )


def test_hits_with_two_and_a_half_stars_or_less_are_disliked() -> None:
    assert metrics.share_disliked([0.5, 2.5, 3, 5]) == 0.5


def test_coverage_counts_each_recommended_film_once() -> None:
    assert metrics.coverage([3, 3, 8, 1], n_films=12) == 0.25


def test_novelty_is_in_bits_and_nothing_for_what_everybody_rated() -> None:
    assert metrics.novelty([8, 8], n_viewers=8) == 0
    assert metrics.novelty([4, 1, 1], n_viewers=8) == pytest.approx((1 + 3 + 3) / 3)


def test_errors_are_measured_in_stars() -> None:
    assert metrics.rmse([1, -1, 2]) == pytest.approx(math.sqrt(2))
    assert metrics.mae([1, -1, 2]) == pytest.approx(4 / 3)


def test_the_mean_of_nothing_is_no_number() -> None:
    assert math.isnan(metrics.mean([]))
    assert math.isnan(metrics.share_disliked([]))
    assert math.isnan(metrics.rmse([]))


def test_the_worst_bin_of_ranges_is_one_with_enough_ratings() -> None:
    support, spread = np.repeat([2, 30], [600, 150]), np.tile([0.5, 1.0, 1.5], 250)
    inside = np.where(support == 30, 0, spread < 1.5)
    assert metrics.worst_coverage(inside, support, spread) == 0
    assert metrics.worst_coverage(np.ones(600), support[:600], spread[:600]) == 1
    assert np.isnan(metrics.worst_coverage(inside[600:], support[600:], spread[600:]))
