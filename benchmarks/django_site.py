"""Django, set up for a benchmark; nothing is written to its database."""

import os

import django

from recommendations.engine.splits import RatingLog

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "recsite.settings")
django.setup()

from recommendations import evaluating  # noqa: E402


def read_dataset(source: str) -> RatingLog:
    """The ratings and features of a folder or zip of MovieLens."""
    log, _ = evaluating.read_dataset(source)
    return log
