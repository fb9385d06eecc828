from typing import Any

from django_q.management.commands import qcluster

from recommendations.stopping import stop_with_me


class Command(qcluster.Command):  # type: ignore[misc]
    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        stop_with_me()
