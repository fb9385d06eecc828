import numpy as np
from numpy.typing import NDArray

from recommendations.engine.ranges import Conditions, ErrorRanges, spread

RANDOM = np.random.default_rng(0)
USUAL = Conditions(np.full(4000, 50), np.full(4000, 1.0), np.full(4000, 30))


def width(ranges: ErrorRanges, support: int = 50, spread: float = 1.0, length: int = 30) -> float:
    stars = np.array([2.75], np.float32)
    low, high = ranges.around(stars, Conditions(np.array([support]), spread, length))
    return float(high[0] - low[0])


def normal(deviation: "NDArray[np.float64] | float") -> NDArray[np.float32]:
    return (RANDOM.normal(size=4000) * deviation).astype(np.float32)


def test_eight_errors_of_ten_lie_within() -> None:
    ranges = ErrorRanges.measured(USUAL, np.linspace(-1, 1, 4000).astype(np.float32))
    low, high = ranges.around(np.array([3], np.float32), Conditions(np.array([50]), 1.0, 30))
    assert np.isclose(low, 2.2, atol=0.02)
    assert np.isclose(high, 3.8, atol=0.02)


def test_films_with_few_ratings_have_wider_ranges() -> None:
    support = np.repeat([1, 200], 2000)
    ranges = ErrorRanges.measured(
        Conditions(support, USUAL.spread, USUAL.length), normal(np.where(support == 1, 1.2, 0.6))
    )
    assert width(ranges, support=1) > 1.7 * width(ranges, support=200)
    assert width(ranges, support=1) >= width(ranges, support=10) >= width(ranges, support=200)


def test_viewers_who_spread_their_stars_have_wider_ranges() -> None:
    spreads = np.repeat([0.6, 1.4], 2000)
    ranges = ErrorRanges.measured(
        Conditions(USUAL.support, spreads, USUAL.length), normal(0.7 * spreads)
    )
    assert width(ranges, spread=1.4) > 1.7 * width(ranges, spread=0.6)


def test_viewers_of_few_ratings_have_wider_ranges() -> None:
    lengths = np.repeat([1, 300], 2000)
    ranges = ErrorRanges.measured(
        Conditions(USUAL.support, USUAL.spread, lengths), normal(np.where(lengths == 1, 1.2, 0.6))
    )
    assert width(ranges, length=1) > 1.7 * width(ranges, length=300)


def test_conditions_never_met_take_what_holds_for_all() -> None:
    ranges = ErrorRanges.measured(USUAL, normal(0.8))
    assert np.isclose(width(ranges, support=0), width(ranges), rtol=0.15)


def test_without_enough_errors_anything_is_possible() -> None:
    few = Conditions(np.full(29, 50), np.ones(29), np.full(29, 30))
    ranges = ErrorRanges.measured(few, np.zeros(29, np.float32))
    assert not ranges.are_known
    assert width(ranges) == 4.5


def test_stars_lie_within_even_when_all_errors_have_one_sign() -> None:
    ranges = ErrorRanges.measured(USUAL, np.linspace(0.5, 1, 4000).astype(np.float32))
    assert (ranges.ends[0] < 0).all()
    assert (ranges.ends[1] > 0).all()


def test_errors_of_nothing_at_all_have_narrow_ranges() -> None:
    assert width(ErrorRanges.measured(USUAL, np.zeros(4000, np.float32))) < 0.1


def test_the_spread_of_a_short_history_is_drawn_to_the_usual() -> None:
    assert spread(np.array([], np.float32)) == 1
    assert 0.8 < spread(np.array([4, 4], np.float32)) < 1
    assert spread(np.full(500, 4, np.float32)) < 0.2
