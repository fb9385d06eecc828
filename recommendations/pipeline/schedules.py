"""The work that Django-Q2 does by the clock."""

from datetime import datetime, time, timedelta
from typing import Any

from django.utils import timezone
from django_q.models import Schedule

from recommendations.models.workers import BATCH, TRAINING

#: By name: the task, and every how many minutes it runs.
SCHEDULES = {
    "Reap predictions": ("recommendations.tasks.reap_predictions", 1),
    "Reap trainings": ("recommendations.tasks.reap_trainings", 1),
    "Reap imports": ("recommendations.tasks.reap_imports", 1),
    "Prune predictions": ("recommendations.tasks.prune_predictions", 60),
    "Prune rate counts": ("recommendations.tasks.prune_rate_counts", 60),
    "Prune models": ("recommendations.tasks.prune_models", 24 * 60),
    "Remove idle guests": ("recommendations.tasks.prune_guests", 24 * 60),
    "Clear sessions": ("recommendations.tasks.clear_sessions", 24 * 60),
}

#: Off until an operator sets the repeats to -1, for ever; Django-Q2 leaves out those with 0.
NIGHTLY, AHEAD = "Retrain nightly", "Precompute nightly"
OFF = 0

#: By name: the task, the queue whose cluster starts it, and when.
NIGHT_WORK = {
    NIGHTLY: ("recommendations.tasks.retrain", TRAINING, time(3)),
    AHEAD: ("recommendations.tasks.precompute", BATCH, time(5)),
}


def install(**_signal: Any) -> None:
    """Write the schedules, after each migration; one that an operator paused stays paused."""
    for name, (func, minutes) in SCHEDULES.items():
        Schedule.objects.update_or_create(
            name=name,
            defaults={"func": func, "schedule_type": Schedule.MINUTES, "minutes": minutes},
        )
    for name, (func, queue, at) in NIGHT_WORK.items():
        when = {"schedule_type": Schedule.DAILY, "next_run": _next_night(at), "repeats": OFF}
        task = {"func": func, "cluster": queue}
        Schedule.objects.update_or_create(name=name, defaults=task, create_defaults=task | when)


def _next_night(at: time) -> datetime:
    tomorrow = timezone.localdate() + timedelta(days=1)
    return timezone.make_aware(datetime.combine(tomorrow, at))
