"""The work that Django-Q2 does by the clock."""

from typing import Any

from django_q.models import Schedule

#: By name: the task, and every how many minutes it runs.
SCHEDULES = {
    "Reap predictions": ("recommendations.tasks.reap_predictions", 1),
    "Prune predictions": ("recommendations.tasks.prune_predictions", 60),
    "Remove idle guests": ("recommendations.tasks.prune_guests", 24 * 60),
    "Clear sessions": ("recommendations.tasks.clear_sessions", 24 * 60),
}


def install(**_signal: Any) -> None:
    """Write the schedules, after each migration; one that an operator paused stays paused."""
    for name, (func, minutes) in SCHEDULES.items():
        Schedule.objects.update_or_create(
            name=name,
            defaults={"func": func, "schedule_type": Schedule.MINUTES, "minutes": minutes},
        )
