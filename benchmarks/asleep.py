"""A model that does not come to an end, and takes nothing meanwhile."""

import os
import time

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.contract import History
from recommendations.engine.popularity import Popularity
from recommendations.engine.progress import Progress, silent


class Asleep(Popularity):
    """Once it was trained, and where `ASLEEP` is set."""

    name = "asleep"

    def score(
        self, history: History, user: int | None = None, progress: Progress = silent
    ) -> NDArray[np.float32]:
        while os.environ.get("ASLEEP"):
            time.sleep(1)
        return super().score(history, user, progress)
