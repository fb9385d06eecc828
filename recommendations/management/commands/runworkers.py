from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from recommendations.models.workers import BATCH, PREDICTIONS, QUEUES, TRAINING
from recommendations.operations.processes import end_with_parent
from recommendations.operations.supervisor import Supervisor
from recommendations.stopping import Stopped, stoppable


class Command(BaseCommand):
    help = (
        "Runs this host's workers, and replaces those that stop working. On SIGTERM or Ctrl-C, "
        "what runs may end within WORKER_GRACE seconds; what is left then is done by others."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--queue",
            action="append",
            choices=QUEUES,
            dest="queues",
            help="Work on this queue; may be given several times; all queues if it is not",
        )
        parser.add_argument(
            "--workers",
            type=int,
            help="Worker processes for predictions, or for the only queue that is named; "
            "training always has one",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        end_with_parent()
        workers = self.workers(options["queues"] or QUEUES, options["workers"])
        supervisor = Supervisor(workers)
        for queue, number in workers.items():
            self.stdout.write(f"{queue}: {number} worker{'s' if number > 1 else ''}")
        self.stdout.flush()
        try:
            with stoppable():
                supervisor.run()
        except Stopped:
            self.stdout.write("Stopped.")

    def workers(self, queues: Sequence[str], wanted: int | None) -> dict[str, int]:
        """How many workers each queue gets."""
        if wanted is not None and wanted < 1:
            raise CommandError("--workers: at least one worker is needed.")
        numbers = {PREDICTIONS: settings.WORKERS, BATCH: settings.BATCH_WORKERS, TRAINING: 1}
        if wanted is not None:
            target = queues[0] if len(queues) == 1 else PREDICTIONS
            if target not in queues or target == TRAINING:
                raise CommandError(
                    "--workers: say which queue they are for, predictions or batch; "
                    "training has one worker."
                )
            numbers[target] = wanted
        return {queue: numbers[queue] for queue in dict.fromkeys(queues)}
