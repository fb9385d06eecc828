"""A model that waits where others compute, as for one that is served elsewhere."""

import time

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.contract import History
from recommendations.engine.popularity import Popularity
from recommendations.engine.progress import Progress, silent

#: Seconds that a viewer's scores take to come.
ANSWER_TAKES = 1.0


class Waiting(Popularity):
    name = "waiting"

    def score(
        self, history: History, user: int | None = None, progress: Progress = silent
    ) -> NDArray[np.float32]:
        time.sleep(ANSWER_TAKES)
        return super().score(history, user, progress)
