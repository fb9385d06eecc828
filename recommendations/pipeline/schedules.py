"""The work that Django-Q2 does by the clock."""

from datetime import datetime, time, timedelta
from typing import Any

from django.utils import timezone
from django_q.models import Schedule

from recommendations.models.workers import TRAINING

#: By name: the task, and every how many minutes it runs.
SCHEDULES = {
    "Reap predictions": ("recommendations.tasks.reap_predictions", 1),
    "Reap trainings": ("recommendations.tasks.reap_trainings", 1),
    "Reap imports": ("recommendations.tasks.reap_imports", 1),
    "Prune predictions": ("recommendations.tasks.prune_predictions", 60),
    "Prune models": ("recommendations.tasks.prune_models", 24 * 60),
    "Remove idle guests": ("recommendations.tasks.prune_guests", 24 * 60),
    "Clear sessions": ("recommendations.tasks.clear_sessions", 24 * 60),
}

#: Off until an operator sets its repeats to -1, for ever; Django-Q2 leaves out those with 0.
NIGHTLY = "Retrain nightly"
OFF = 0
NIGHT = time(3)


def install(**_signal: Any) -> None:
    """Write the schedules, after each migration; one that an operator paused stays paused."""
    for name, (func, minutes) in SCHEDULES.items():
        Schedule.objects.update_or_create(
            name=name,
            defaults={"func": func, "schedule_type": Schedule.MINUTES, "minutes": minutes},
        )
    func = "recommendations.tasks.retrain"
    when = {"schedule_type": Schedule.DAILY, "next_run": _next_night(), "repeats": OFF}
    task = {"func": func, "cluster": TRAINING}
    Schedule.objects.update_or_create(name=NIGHTLY, defaults=task, create_defaults=task | when)


def _next_night() -> datetime:
    tomorrow = timezone.localdate() + timedelta(days=1)
    return timezone.make_aware(datetime.combine(tomorrow, NIGHT))
