from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recommendations.importers.generating import Refused, Size, generate
from recommendations.management.commands.import_movielens import showing
from recommendations.management.progress import ProgressBar


class Command(BaseCommand):
    help = (
        "Writes a data set of simulated ratings in MovieLens' layout, of any size, for trying "
        "out how the site bears it. Needs about 450 bytes of memory for each movie and 150 MB "
        "beside. Every viewer has a rating; so has every movie if there are enough ratings."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--viewers", type=int, required=True)
        parser.add_argument("--movies", type=int, required=True)
        parser.add_argument("--ratings", type=int, required=True, help="Exactly so many")
        parser.add_argument("--seed", type=int, default=1, help="Another seed, other ratings")
        parser.add_argument("folder", type=Path, help="Where to; new or empty")

    def handle(self, *args: Any, **options: Any) -> None:
        size = Size(options["viewers"], options["movies"], options["ratings"])
        folder = options["folder"]
        try:
            with ProgressBar(self.stderr, hidden=options["verbosity"] == 0) as bar:
                generate(size, options["seed"], folder, showing(bar))
        except Refused as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            why = error.strerror or error
            raise CommandError(f"Cannot write {folder} ({why}): nothing was written.") from error
        except KeyboardInterrupt:
            raise CommandError("Interrupted: nothing was written.", returncode=130) from None
        self.stdout.write(
            f"Wrote {size.ratings:,} simulated ratings of {size.movies:,} movies by "
            f"{size.viewers:,} viewers to {folder}; import them with: "
            f"manage.py import_movielens {folder}"
        )
