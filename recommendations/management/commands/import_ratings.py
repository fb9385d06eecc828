from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from recommendations.importers.exports.importing import import_ratings
from recommendations.importers.report import ImportFailed
from recommendations.models import Viewer


class Command(BaseCommand):
    help = "Give a viewer the ratings that Letterboxd, IMDb or MovieLens exported."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", type=Path, help="Letterboxd's zip, or a csv of ratings, whatever it is called"
        )
        parser.add_argument("--viewer", required=True, help="the user name of an account")

    def handle(self, *, file: Path, viewer: str, **_options: Any) -> None:
        try:
            report = import_ratings(file, viewer_named(viewer))
        except ImportFailed as failure:
            raise CommandError(str(failure)) from failure
        except DatabaseError as error:
            raise CommandError(f"{str(error).strip()}: nothing was written.") from error
        self.stdout.write(str(report))
        if not report.matched:
            raise CommandError(f"{file} rates no film of the catalogue: nothing was written.")


def viewer_named(name: str) -> Viewer:
    try:
        return Viewer.for_user(User.objects.get(username=name))
    except User.DoesNotExist:
        raise CommandError(
            f"There is no account {name!r}: give the user name of one, or make it first, "
            "with createsuperuser or among the users in the admin."
        ) from None
