"""Models that go wrong: faults are injected here, never by switches in the product."""

import ctypes
import json
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


def replace(file: Path, fault: dict[str, object]) -> None:
    """Write it at once: another worker may be reading."""
    whole = file.with_suffix(f".{os.getpid()}")
    whole.write_text(json.dumps(fault))
    whole.rename(file)


class Faulty(SVD):
    """Goes wrong in the way that the file `FAULT` says, as often as it says."""

    name = "faulty"
    reports_progress = True

    def score(
        self, history: History, user: int | None = None, progress: Progress = silent
    ) -> NDArray[np.float32]:
        file = Path(os.environ["FAULT"])
        if file.exists():
            fault = json.loads(file.read_text())
            if fault["times"] != 0 and fault["viewer"] in {None, user}:
                if fault["times"]:
                    replace(file, fault | {"times": fault["times"] - 1})
                getattr(self, fault["kind"].replace("-", "_"))(progress)
        return super().score(history, user)

    def wait(self, progress: Progress) -> None:
        """Go on when there is no fault any more, and report until then."""
        while Path(os.environ["FAULT"]).exists():
            progress(1, 2)
            time.sleep(0.1)

    def stall(self, progress: Progress) -> None:
        """Go on when there is no fault any more, and do not report."""
        while Path(os.environ["FAULT"]).exists():
            time.sleep(0.1)

    def hang(self, progress: Progress) -> None:
        while True:
            time.sleep(0.1)

    def hang_in_c(self, progress: Progress) -> None:
        """Wait in C for ever, and keep Python's lock: no signal handler and no thread can run."""
        mutex = ctypes.create_string_buffer(64)
        for _ in range(2):
            ctypes.PyDLL(None).pthread_mutex_lock(mutex)

    def be_silent(self, progress: Progress) -> None:
        """Sleep in C for some seconds, and keep Python's lock: no thread can beat."""
        ctypes.PyDLL(None).sleep(5)

    def fail(self, progress: Progress) -> None:
        raise RuntimeError("the projector is broken")

    def eat_memory(self, progress: Progress) -> None:
        eaten = []
        while True:
            eaten.append(np.empty(2**22))  # counts, and spares the machine

    def be_slow(self, progress: Progress) -> None:
        time.sleep(0.5)


def unpicklable() -> object:
    """A task that returns what no queue can carry."""
    return lambda: None


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
