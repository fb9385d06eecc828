import re
from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from recommendations.management.progress import ProgressBar
from recommendations.models import PausedQueue, Worker
from recommendations.models.workers import BATCH
from recommendations.pipeline import precomputing
from recommendations.pipeline.requests import active_model_id
from recommendations.stopping import Stopped, stoppable

GOES_ON = "The same command goes on where it ended."
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LONGEST = timedelta(days=36_500)


class Command(BaseCommand):
    help = (
        "Computes home pages ahead, on the batch queue, for viewers who were here lately and "
        "whose picks are missing or stale. Started again, it goes on where it ended."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--active-since",
            type=span,
            default=precomputing.LATELY,
            metavar="SPAN",
            help="for viewers who were here within so long: 90m, 12h, 7d, 4w (7d)",
        )
        parser.add_argument(
            "--imported", action="store_true", help="also for all imported viewers, who never come"
        )
        parser.add_argument(
            "--rate", type=above_zero, metavar="N", help="predictions a minute at most (no limit)"
        )
        parser.add_argument(
            "--backlog",
            type=above_zero,
            default=precomputing.BACKLOG,
            metavar="N",
            help="never let more wait in the queue (%(default)s)",
        )
        parser.add_argument(
            "--wait", action="store_true", help="stay until all that was asked for is done"
        )

    def handle(
        self,
        *,
        active_since: timedelta,
        imported: bool,
        rate: int | None,
        backlog: int,
        wait: bool,
        **_options: Any,
    ) -> None:
        self.asked: list[int] = []
        try:
            with stoppable(), ProgressBar(self.stderr) as bar:
                among = precomputing.viewers(active_since, imported=imported)
                self.ask(bar, among, precomputing.Pace(backlog, rate))
                if wait:
                    self.wait(bar)
        except precomputing.NoModel:
            raise CommandError("No model is at work: train one with manage.py train.") from None
        except DatabaseError as error:
            raise CommandError(f"{str(error).strip()}. {self.said} {GOES_ON}") from error
        except Stopped:
            raise CommandError(f"Stopped. {self.said} {GOES_ON}", returncode=130) from None
        self.report(wait=wait)

    def ask(self, bar: ProgressBar, among: Any, pace: precomputing.Pace) -> None:
        model_id = active_model_id()
        if model_id is None:
            raise precomputing.NoModel
        wanting = list(precomputing.stale(among, model_id).values_list("pk", flat=True))
        if wanting:
            self.warn_of_nobody()
        for done, asked in precomputing.ask_for_all(wanting, pace):
            self.asked += asked
            bar.show("Asking for predictions", done, len(wanting), "viewer")

    def wait(self, bar: ProgressBar) -> None:
        for ended in precomputing.wait_for(self.asked):
            bar.show("Waiting for them", ended, len(self.asked), "prediction")

    def warn_of_nobody(self) -> None:
        if PausedQueue.objects.filter(pk=BATCH).exists():
            self.stderr.write(f"The queue {BATCH} is paused: what is asked for waits.")
        elif not Worker.objects.alive().filter(queue=BATCH).exists():
            self.stderr.write(
                f"Nobody works on the queue {BATCH}: what is asked for waits until somebody runs "
                f"manage.py runworkers --queue {BATCH}."
            )

    @property
    def said(self) -> str:
        number = len(self.asked)
        return f"Asked for {number} prediction{'' if number == 1 else 's'}."

    def report(self, *, wait: bool) -> None:
        if not self.asked:
            self.stdout.write("All home pages are fresh, or on their way.")
        elif wait and (failed := precomputing.failures(self.asked)):
            raise CommandError(f"{self.said} Of these, {failed} failed; the admin shows why.")
        else:
            self.stdout.write(f"{self.said}{' All are done.' if wait else ''}")


def span(text: str) -> timedelta:
    told = re.fullmatch(r"([0-9]{1,7})([mhdw])", text)
    if not told or not (length := timedelta(**{UNITS[told[2]]: int(told[1])})) <= LONGEST:
        raise ArgumentTypeError(f"{text} is no span such as 90m, 12h, 7d or 4w")
    return length


def above_zero(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text) or not int(text):
        raise ArgumentTypeError(f"{text} is no whole number from 1 to 999999")
    return int(text)
