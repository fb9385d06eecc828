"""Times that were written down for later, by a clock that may have been changed since."""

from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now

#: Workers are woken again for what is still queued; no wake-up waits longer than this.
LONGEST_WAKE_PERIOD = timedelta(minutes=16)


def past(field: str, longest: timedelta) -> Q:
    """It is over, or further ahead than anybody sets it: the clock was put back since."""
    too_far = Now() + 2 * longest
    return Q(**{f"{field}__lt": Now()}) | Q(**{f"{field}__gt": too_far})
