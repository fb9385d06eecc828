from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from recommendations.importers.details import Fetched, Wanted, fetch_details, films_to_ask
from recommendations.importers.tmdb import RATE, TMDB, KeyRefused, TMDBFailed
from recommendations.management.progress import ProgressBar
from recommendations.stopping import Stopped, stoppable

KEYS = "https://www.themoviedb.org/settings/api"
GOES_ON = "What was fetched is kept; the same command goes on where it ended."


class Command(BaseCommand):
    help = "Ask TMDB for posters, credits, lengths and countries of films; goes on where it ended."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--limit", type=positive, help="ask for so many films at most")
        which = parser.add_mutually_exclusive_group()
        which.add_argument(
            "--again", action="store_true", help="also ask for films that were asked for before"
        )
        which.add_argument(
            "--older-than",
            type=positive,
            metavar="DAYS",
            help="also ask for films that were asked for so many days ago",
        )
        parser.add_argument(
            "--rate",
            type=positive,
            default=int(RATE),
            help="requests a second at most (%(default)s)",
        )

    def handle(
        self,
        *,
        limit: int | None,
        again: bool,
        older_than: int | None,
        rate: int,
        **_options: Any,
    ) -> None:
        if not settings.TMDB_API_KEY:
            raise CommandError(f"Set TMDB_API_KEY to a key or a token from {KEYS} first.")
        age = None if older_than is None else timedelta(days=older_than)
        films = films_to_ask(again=again, older_than=age)
        wanted = [Wanted(*row) for row in films.values_list(*Wanted._fields)[:limit]]
        self.fetch(TMDB(settings.TMDB_API_KEY, rate), wanted)

    def fetch(self, tmdb: TMDB, wanted: list[Wanted]) -> None:
        fetched = Fetched()
        try:
            with stoppable(), ProgressBar(self.stderr) as bar:
                show = showing(bar, len(wanted))
                fetch_details(tmdb, wanted, fetched, show, self.stderr.write)
        except KeyRefused as refusal:
            raise CommandError(
                f"TMDB refuses TMDB_API_KEY ({refusal}): get a key or a token at {KEYS}."
            ) from refusal
        except TMDBFailed as failure:
            raise CommandError(f"{failure}. {fetched} {GOES_ON}") from failure
        except DatabaseError as error:
            raise CommandError(f"{str(error).strip()}. {fetched} {GOES_ON}") from error
        except Stopped:
            raise CommandError(f"Stopped. {fetched} {GOES_ON}", returncode=130) from None
        self.stdout.write(str(fetched) if wanted else "There is no film to ask TMDB for.")


def showing(bar: ProgressBar, total: int) -> Any:
    return lambda fetched: bar.show("Asking TMDB", fetched.films, total, "film")


def positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise ArgumentTypeError(f"{text} is no whole number above 0")
    return int(text)
