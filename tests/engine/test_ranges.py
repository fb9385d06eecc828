import numpy as np
from numpy.typing import NDArray

from recommendations.engine.ranges import ErrorRanges


def measured(support: int, errors: NDArray[np.float64]) -> ErrorRanges:
    return ErrorRanges.measured(np.full(len(errors), support, np.int32), errors.astype("f4"))


def test_eight_errors_of_ten_lie_within() -> None:
    ranges = measured(50, np.linspace(-1, 1, 1001))
    low, high = ranges.around(np.array([3], np.float32), np.array([50], np.int32))
    assert np.isclose(low, 2.2, atol=0.01)
    assert np.isclose(high, 3.8, atol=0.01)


def test_each_bin_of_support_has_its_own() -> None:
    random = np.random.default_rng(0)
    support = np.repeat([1, 500], 500).astype(np.int32)
    spread = np.repeat([1.5, 0.5], 500)
    ranges = ErrorRanges.measured(support, (random.normal(size=1000) * spread).astype("f4"))
    assert ranges.high[0] > 2 * ranges.high[-1]
    assert ranges.low[0] < 2 * ranges.low[-1]


def test_a_bin_with_too_few_errors_takes_those_of_all() -> None:
    ranges = measured(500, np.linspace(-1, 1, 100))
    assert np.allclose(ranges.high, ranges.high[-1])


def test_without_enough_errors_anything_is_possible() -> None:
    ranges = measured(500, np.zeros(29))
    low, high = ranges.around(np.array([3], np.float32), np.array([1], np.int32))
    assert (low[0], high[0]) == (0.5, 5)


def test_stars_lie_within_even_when_all_errors_have_one_sign() -> None:
    ranges = measured(50, np.linspace(0.5, 1, 100))
    assert (ranges.low <= 0).all()
    assert (ranges.high >= 0).all()
