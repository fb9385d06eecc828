"""Python reads this as it starts where tests fake the clock: see `tests/faults/test_clocks.py`."""

import select
import time
from typing import SupportsIndex


def sleep(seconds: float | SupportsIndex, /) -> None:
    """Under libfaketime 0.9.10, clock_nanosleep fails unless it fakes the monotonic clock, too."""
    select.select([], [], [], float(seconds))


time.sleep = sleep
