from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from recommendations.importers.exports.importing import import_ratings
from recommendations.importers.exports.reading import Contents, ExportFile, Undecided
from recommendations.importers.report import ImportFailed
from recommendations.models import Viewer


class Command(BaseCommand):
    help = (
        "Give a viewer what Letterboxd, IMDb or MovieLens exported: ratings, films seen or wanted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", type=Path, help="Letterboxd's zip, or a csv of ratings, whatever it is called"
        )
        parser.add_argument("--viewer", required=True, help="the user name of an account")
        parser.add_argument(
            "--contents",
            choices=Contents.values,
            default=Contents.AUTO.value,
            help="what rows without stars say, if the file does not tell; ratings: leave them out",
        )

    def handle(self, *, file: Path, viewer: str, contents: str, **_options: Any) -> None:
        try:
            export = ExportFile.on_disk(file, Contents(contents))
            report = import_ratings(export, viewer_named(viewer))
        except Undecided as failure:
            raise CommandError(f"{failure} Add --contents seen or --contents watchlist.") from None
        except ImportFailed as failure:
            raise CommandError(str(failure)) from failure
        except DatabaseError as error:
            raise CommandError(f"{str(error).strip()}: nothing was written.") from error
        self.stdout.write(str(report))
        if not report.matched:
            raise CommandError(f"{file} names no film of the catalogue.")


def viewer_named(name: str) -> Viewer:
    try:
        return Viewer.for_user(User.objects.get(username=name))
    except User.DoesNotExist:
        raise CommandError(
            f"There is no account {name!r}: give the user name of one, or make it first, "
            "with createsuperuser or among the users in the admin."
        ) from None
