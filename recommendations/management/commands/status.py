import dataclasses
import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import Error
from django.utils import timezone

from recommendations.management.tables import aligned
from recommendations.operations.figures import wording
from recommendations.operations.figures.overview import Lately, Overview, lately, overview
from recommendations.operations.figures.problems import Problem, problems
from recommendations.operations.figures.runs import Runs
from recommendations.operations.figures.upkeep import unapplied_migrations


class Command(BaseCommand):
    help = (
        "Shows workers, queues, times, failures, the model at work and schedules. Ends with 1, "
        "and says why, when something needs a person."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="All of it as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            seen, recent, wrong = look()
        except Error as error:
            reason = str(error).strip().partition("\n")[0]
            seen, recent = None, None
            wrong = [Problem("database", f"The database does not answer: {reason}")]
        if options["json"]:
            self.stdout.write(as_json(seen, recent, wrong))
        elif seen and recent:
            self.stdout.write("\n".join(report(seen, recent)))
        if wrong:
            self.complain(wrong, quiet=options["json"])

    def complain(self, wrong: Sequence[Problem], *, quiet: bool) -> None:
        if quiet:
            sys.exit(1)
        raise CommandError("\n".join(problem.text for problem in wrong))


def look() -> tuple[Overview | None, Lately | None, list[Problem]]:
    """Before all migrations are applied there may be nothing to count in."""
    if missing := unapplied_migrations():
        text = f"{len(missing)} migrations are not applied, first {missing[0]}: manage.py migrate."
        return None, None, [Problem("migrations", text)]
    seen = overview()
    return seen, lately(), problems(seen)


def as_json(seen: Overview | None, recent: Lately | None, wrong: Sequence[Problem]) -> str:
    figures = {
        "problems": [dataclasses.asdict(problem) for problem in wrong],
        **(dataclasses.asdict(seen) if seen else {}),
        **(dataclasses.asdict(recent) if recent else {}),
    }
    return json.dumps(figures, cls=DjangoJSONEncoder, indent=2)


def report(seen: Overview, recent: Lately) -> Iterator[str]:
    yield from section("Queues", queues(seen), 1)
    yield from section("Workers", workers(seen), 3)
    yield from section("Predictions", times(recent), 1)
    yield from section("Failures", failures(recent), 3)
    yield from section("Schedules", schedules(seen), 4)
    yield f"Model      {wording.model(seen.model)}"
    for training in seen.trainings:
        yield f"Training   {training.name}: {training.standing}"
    free = f"{wording.size(seen.disk.free)} of {wording.size(seen.disk.total)} free"
    yield f"Disk       {free} at {seen.disk.path}"


def section(heading: str, rows: list[list[str]], words: int) -> Iterator[str]:
    """So many of the columns are words."""
    yield heading
    lines = aligned(rows, words).splitlines() if rows[1:] else ["None."]
    yield from (f"  {line}" for line in lines)
    yield ""


def queues(seen: Overview) -> list[list[str]]:
    head = ["queue", "due", "oldest", "taken", "workers", "busy", "state"]
    return [
        head,
        *(
            [
                queue.name,
                *map(str, (queue.due, wording.duration(queue.oldest_seconds), queue.taken)),
                *map(str, (queue.workers, queue.busy, wording.queue_state(queue))),
            ]
            for queue in seen.queues
        ),
    ]


def workers(seen: Overview) -> list[list[str]]:
    head = ["worker", "queue", "model", "memory", "tasks", "last beat", "state"]
    return [
        head,
        *(
            [
                *(worker.name, worker.queue, worker.model or wording.NONE),
                *(wording.size(worker.memory), f"{worker.tasks_done:,}"),
                *(wording.duration(worker.beat_seconds), wording.state(worker)),
            ]
            for worker in seen.workers
        ),
    ]


def times(recent: Lately) -> list[list[str]]:
    head = ["within", "ended", "a minute", "failed", "queue", "wait p50/95/99", "run p50/95/99"]
    return [head, *times_of("1 h", recent.hour), *times_of("24 h", recent.day)]


def times_of(name: str, runs: Runs) -> Iterator[list[str]]:
    """The first line has what is of all queues together."""
    start = [name, f"{runs.finished:,}", f"{runs.per_minute:.3g}", f"{runs.failed:,}"]
    for queue, found in runs.by_queue.items():
        spans = (wording.quantiles(found.wait), wording.quantiles(found.run))
        yield [*start, queue, *map(" / ".join, spans)]
        start = [""] * len(start)


def failures(recent: Lately) -> list[list[str]]:
    return [
        ["what", "why", "last", "times"],
        *(
            [failure.kind, failure.reason, clock(failure.last), f"{failure.count:,}"]
            for failure in recent.failures
        ),
    ]


def schedules(seen: Overview) -> list[list[str]]:
    return [
        ["schedule", "state", "next", "last result"],
        *(
            [row.name, wording.schedule_state(row), clock(row.next_run), wording.last_result(row)]
            for row in seen.schedules
        ),
    ]


def clock(time: Any) -> str:
    return f"{timezone.localtime(time):%m-%d %H:%M:%S}" if time else wording.NONE
