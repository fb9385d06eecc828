"""How long one usually waits for a prediction, so that pages ask when it is likely there."""

from datetime import timedelta
from statistics import quantiles

from django.core.cache import caches
from django.db.models import F
from django.db.models.functions import Now

from recommendations.models import Prediction
from recommendations.models.workers import PREDICTIONS

#: What is looked at: the last so many runs, none of them older than this.
RUNS = 20
RECENTLY = timedelta(minutes=5)

#: How long a process goes by what it has found, in seconds.
SECONDS_OF_BELIEF = 10

#: What is expected when nothing of the kind was made lately, in seconds.
AT_FIRST = 0.3

#: Of four who wait so long, three find it done.
QUARTILE = 2


def usual_wait(key: str) -> float:
    """Seconds from asking for `key`, or for another of its kind, to its end, lately."""
    kind = key.partition(":")[0]
    found: float | None = caches["process"].get_or_set(
        f"usual-wait-{kind}", lambda: _usual_wait(kind), SECONDS_OF_BELIEF
    )
    return AT_FIRST if found is None else found


def _usual_wait(kind: str) -> float:
    runs = Prediction.objects.filter(
        key__startswith=kind,
        status=Prediction.Status.SUCCEEDED,
        queue=PREDICTIONS,
        finished_at__gte=Now() - RECENTLY,
    )
    waits = runs.order_by("-finished_at").values_list(F("finished_at") - F("requested_at"))
    seconds = [wait.total_seconds() for (wait,) in waits[:RUNS]]
    return quantiles(seconds, n=4)[QUARTILE] if len(seconds) > 1 else AT_FIRST
