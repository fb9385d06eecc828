from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.template.defaultfilters import pluralize

from recommendations.importers.download import DATA_SETS
from recommendations.importers.movielens import import_movielens
from recommendations.importers.report import BadRows, ImportFailed, Progress, Step
from recommendations.importers.sample import SAMPLE
from recommendations.management.progress import ProgressBar


class Command(BaseCommand):
    help = "Import a data set of MovieLens, or the built-in sample: all of it, or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "source",
            help=f"a folder, a zip, a name to download: {', '.join(DATA_SETS)}; or {SAMPLE}",
        )
        parser.add_argument(
            "--replace",
            action="store_true",
            help="delete the loaded data set, its viewers and the models trained on it first; "
            "accounts and guests keep their ratings of films that are in both",
        )

    def handle(self, *, source: str, replace: bool, **_options: Any) -> None:
        try:
            with ProgressBar(self.stderr) as bar:
                report = import_movielens(source, replace=replace, progress=showing(bar))
        except ImportFailed as failure:
            self.show(failure.bad_rows)
            raise CommandError(str(failure)) from failure
        except KeyboardInterrupt:
            raise CommandError("Interrupted: nothing was written.", returncode=130) from None
        except DatabaseError as error:
            raise CommandError(f"{str(error).strip()}: nothing was written.") from error
        self.show(report.bad_rows)
        self.stdout.write(str(report))

    def show(self, bad_rows: BadRows) -> None:
        for line in bad_rows.lines():
            self.stderr.write(line)
        if bad_rows.count:
            self.stderr.write(f"Skipped {bad_rows.count:,} bad row{pluralize(bad_rows.count)}.")


def showing(bar: ProgressBar) -> Progress:
    def show(step: Step, done: int) -> None:
        bar.show(step.name, done, step.total, step.unit)

    return show
