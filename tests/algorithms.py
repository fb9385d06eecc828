"""Models that go wrong: faults are injected here, never by switches in the product."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.contract import History, Similar
from recommendations.engine.progress import Progress, silent
from recommendations.engine.svd import SVD
from recommendations.training import SIMILAR


class Slow(SVD):
    """Scores when there is a file `SLOW_UNTIL`, and says until then that it is half way."""

    name = "slow"
    reports_progress = True

    def score(
        self, history: History, user: int | None = None, progress: Progress = silent
    ) -> NDArray[np.float32]:
        while not Path(os.environ["SLOW_UNTIL"]).exists():
            progress(1, 2)
            time.sleep(0.1)
        return super().score(history, user)


class Broken(SVD):
    """Cannot score anything."""

    name = "broken"

    def score(
        self, history: History, user: int | None = None, progress: Progress = silent
    ) -> NDArray[np.float32]:
        raise RuntimeError("the projector is broken")


class Forgetful(SVD):
    """Scores, but knows no more similar films than training stores."""

    name = "forgetful"

    def similar(self, film: int, n: int) -> list[Similar]:
        if n > SIMILAR:
            raise RuntimeError("no film is like another")
        return super().similar(film, n)


class Vanishing(SVD):
    """Kills its own process in the middle of a prediction, as often as the file says."""

    name = "vanishing"

    def score(
        self, history: History, user: int | None = None, progress: Progress = silent
    ) -> NDArray[np.float32]:
        left = Path(os.environ["VANISHING_TIMES"])
        times = int(left.read_text())
        if times:
            left.write_text(str(times - 1))
            os.kill(os.getpid(), signal.SIGKILL)
        return super().score(history, user)


class Interrupted(SVD):
    """Does something else in the middle of scoring: `meanwhile`, once."""

    name = "interrupted"
    meanwhile: Callable[[], object] | None = None

    def score(
        self, history: History, user: int | None = None, progress: Progress = silent
    ) -> NDArray[np.float32]:
        cls = type(self)
        meanwhile, cls.meanwhile = cls.meanwhile, None
        if meanwhile:
            meanwhile()
        return super().score(history, user)
