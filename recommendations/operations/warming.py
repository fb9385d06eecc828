"""A worker's model, in its memory before anybody waits for it."""

import logging

from django_q.exceptions import TimeoutException
from django_q.timeout import TimeoutHandler

from recommendations import training
from recommendations.franchises import franchises
from recommendations.models.workers import BATCH, PREDICTIONS

logger = logging.getLogger(__name__)

#: Only these queues' workers predict; the others stay small.
PREDICTING = (PREDICTIONS, BATCH)


def warm_up(queue: str, timeout: int) -> None:
    """Load the active model, if there is one and the queue predicts.

    Whatever prevents that in time is left to the first prediction, which tries it again.
    """
    if queue not in PREDICTING:
        return
    try:
        with TimeoutHandler(timeout):
            if training.load_active():
                franchises()  # which are read from all titles, once in each process
    except (Exception, TimeoutException) as error:
        logger.warning("The model is not loaded yet: %s", error)
