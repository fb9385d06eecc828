"""All that the database holds, to be compared."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import transaction

#: What may change although nothing was done.
PASSING = {"sessions.Session", "django_q.Task", "recommendations.RateCount"}


def fingerprint(*without: str) -> dict[str, str]:
    """Of each table: how many rows, and a checksum of them."""
    return {
        model._meta.label: _rows(model)
        for model in apps.get_models()
        if model._meta.managed
        and not model._meta.proxy
        and model._meta.label not in PASSING.union(without)
    }


def _rows(model: type) -> str:
    rows = model._base_manager.order_by("pk").values_list()  # type: ignore[attr-defined]
    told = [repr([bytes(v) if isinstance(v, memoryview) else v for v in row]) for row in rows]
    return f"{len(told)} rows {hashlib.sha256(repr(told).encode()).hexdigest()[:12]}"


@contextmanager
def undone() -> Iterator[None]:
    """So that each case finds the site as the first did."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
