from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from recommendations.models import Prediction


class Command(BaseCommand):
    help = "Deletes finished predictions that are too old or too many; never the newest good one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--keep-runs",
            type=int,
            default=settings.PREDICTION_KEEP_RUNS,
            help="Runs to keep of each viewer and key (default: %(default)s)",
        )
        parser.add_argument(
            "--days",
            type=int,
            default=settings.PREDICTION_KEEP_DAYS,
            help="Delete runs that ended longer ago (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["keep_runs"] < 1 or not 0 <= options["days"] <= 36_500:
            raise CommandError("Keep at least one run, and from 0 to 36500 days.")
        gone = Prediction.objects.prune(options["keep_runs"], timedelta(days=options["days"]))
        self.stdout.write(f"Deleted {gone} prediction{'' if gone == 1 else 's'}.")
