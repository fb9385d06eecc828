from typing import Any

from django_q.management.commands import qcluster

from recommendations.operations import cluster
from recommendations.operations.processes import end_with_parent
from recommendations.stopping import stop_with_me


class Command(qcluster.Command):  # type: ignore[misc]
    help = "Starts the workers of one queue. In service, runworkers starts it and watches over it."

    def handle(self, *args: Any, **options: Any) -> None:
        end_with_parent()
        cluster.install()
        super().handle(*args, **options)
        stop_with_me()
