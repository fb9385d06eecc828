"""An import's life: asked for, claimed once, stored whole or not at all, lost, given up."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Max
from django.db.models.functions import Now
from django_q.models import OrmQ

from recommendations.importers.exports import importing
from recommendations.importers.exports.reading import ExportFile
from recommendations.models import (
    Mark,
    Movie,
    Prediction,
    RatingsImport,
    TrainedModel,
    UnmatchedEntry,
    Viewer,
)
from recommendations.pipeline import imports
from recommendations.tasks import import_ratings, reap_imports
from tests.importers.exports.files import letterboxd, stars_of

Status = RatingsImport.Status

EXPORT = letterboxd(
    *(f"Crime story #{film},{1940 + film},4.5" for film in range(1, 6)),
    "Romance story #41,1981,",
    "Unheard Of,2020,4",
    "Crime story #6,1946,6",
)


def ask(viewer: Viewer, content: str = EXPORT, name: str = "ratings.csv") -> RatingsImport:
    row = imports.ask(viewer, ExportFile(name, content.encode()))
    assert row
    return row


@pytest.fixture
def queued(bob: Viewer) -> RatingsImport:
    return ask(bob)


def lose_worker(row: RatingsImport) -> None:
    """A worker claims the row and dies, and its lease runs out."""
    assert imports.take(row.pk)
    RatingsImport.objects.update(lease_expires_at=Now() - timedelta(seconds=1))


def test_asking_writes_a_row_and_a_task(queued: RatingsImport) -> None:
    task = OrmQ.objects.get().task
    assert (task["func"], task["args"]) == ("recommendations.tasks.import_ratings", (queued.pk,))
    queued.refresh_from_db()
    assert (queued.status, queued.task_id) == (Status.QUEUED, task["id"])


def test_the_task_stores_all_and_empties_the_row(queued: RatingsImport, bob: Viewer) -> None:
    import_ratings(queued.pk)
    queued.refresh_from_db()
    assert (queued.status, queued.progress, bytes(queued.content)) == (Status.SUCCEEDED, 1, b"")
    assert queued.finished_at
    assert stars_of(bob) == dict.fromkeys(range(1, 6), 4.5)
    assert Mark.objects.get(viewer=bob).movie_id == 41
    assert UnmatchedEntry.objects.get().brought_by == queued


def test_the_report_adds_up_to_the_rows(queued: RatingsImport) -> None:
    import_ratings(queued.pk)
    report = RatingsImport.objects.get().report
    assert report["invalid"] == {
        "count": 1,
        "shown": ["ratings.csv:9: rating 6 is out of range: 0.5 to 5 stars in halves"],
    }
    counts = {name: count for name, count in report.items() if name not in {"rows", "invalid"}}
    assert {name for name, count in counts.items() if count} == {"added", "seen", "not_found"}
    assert report["rows"] == sum(counts.values()) + 1 == 8


def test_a_second_delivery_changes_nothing(queued: RatingsImport, bob: Viewer) -> None:
    import_ratings(queued.pk)
    before = (RatingsImport.objects.values().get(), list(bob.ratings.values()))
    import_ratings(queued.pk)
    import_ratings(queued.pk + 1)
    assert (RatingsImport.objects.values().get(), list(bob.ratings.values())) == before


def test_one_import_of_a_viewer_is_in_flight(
    queued: RatingsImport, bob: Viewer, alice: Viewer
) -> None:
    export = ExportFile("ratings.csv", EXPORT.encode())
    assert imports.ask(bob, export) is None
    assert imports.ask(alice, export)
    import_ratings(queued.pk)
    assert imports.ask(bob, export)


def test_a_home_prediction_is_asked_for(queued: RatingsImport, active_model: TrainedModel) -> None:
    import_ratings(queued.pk)
    assert Prediction.objects.get().viewer == queued.viewer
    assert Prediction.objects.get().taste_version == 1


def test_marks_alone_ask_for_no_prediction(bob: Viewer, active_model: TrainedModel) -> None:
    import_ratings(ask(bob, letterboxd("Romance story #41,1981,")).pk)
    assert RatingsImport.objects.get().status == Status.SUCCEEDED
    assert not Prediction.objects.exists()


def test_a_file_that_is_none_fails_with_words_for_the_viewer(bob: Viewer) -> None:
    row = ask(bob, "name,age\nTom,3\n", "cats.csv")
    import_ratings(row.pk)
    row.refresh_from_db()
    assert (row.status, row.error, bytes(row.content)) == (Status.FAILED, "", b"")
    assert row.message.startswith("cats.csv is no export of ratings that is known here")


def fail(*_: object) -> None:
    raise MemoryError("out of luck")


def test_an_exception_fails_the_row_and_its_trace_is_for_the_admin(
    queued: RatingsImport, bob: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "keep", fail)
    with pytest.raises(MemoryError):
        import_ratings(queued.pk)
    queued.refresh_from_db()
    assert (queued.status, queued.message) == (Status.FAILED, imports.OUR_FAULT)
    assert queued.error.rstrip().endswith("MemoryError: out of luck")
    assert not bob.ratings.exists()


def take_away() -> None:
    RatingsImport.objects.update(lease_expires_at=Now() - timedelta(seconds=1))
    assert reap_imports() == 1


def delete() -> None:
    RatingsImport.objects.all().delete()


@pytest.mark.parametrize("loss", [take_away, delete])
def test_a_worker_that_lost_its_claim_stores_nothing(
    queued: RatingsImport,
    bob: Viewer,
    monkeypatch: pytest.MonkeyPatch,
    loss: Callable[[], None],
) -> None:
    read = importing.read

    def read_and_lose(*args: Any) -> importing.Reading:
        reading = read(*args)
        loss()
        return reading

    monkeypatch.setattr(imports, "read", read_and_lose)
    import_ratings(queued.pk)
    assert not bob.ratings.exists()
    assert not RatingsImport.objects.exclude(status=Status.QUEUED).exists()


def test_progress_is_the_share_of_rows_whose_film_was_looked_for(
    bob: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"Unheard {number},2020,4" for number in range(1000)]
    row, seen = ask(bob, letterboxd(*rows)), []
    write = imports.write

    def write_and_look(*args: Any, **changes: Any) -> None:
        write(*args, **changes)
        seen.append(RatingsImport.objects.aggregate(Max("progress"))["progress__max"])

    monkeypatch.setattr(imports, "write", write_and_look)
    import_ratings(row.pk)
    assert seen == pytest.approx([0, 0.25, 0.5, 0.75, 1, 1])


def test_a_lost_lease_goes_back_to_the_queue(queued: RatingsImport, bob: Viewer) -> None:
    lose_worker(queued)
    assert reap_imports() == 1
    assert reap_imports() == 0
    assert OrmQ.objects.count() == 2
    import_ratings(queued.pk)
    queued.refresh_from_db()
    assert (queued.status, queued.attempt) == (Status.SUCCEEDED, 2)
    assert bob.ratings.count() == 5


def test_three_lost_leases_are_enough(queued: RatingsImport) -> None:
    for _ in range(3):
        lose_worker(queued)
        reap_imports()
    queued.refresh_from_db()
    assert (queued.status, queued.error) == (Status.FAILED, imports.LOST)
    assert (queued.message, bytes(queued.content)) == (imports.OUR_FAULT, b"")


def test_a_good_lease_is_left_alone(queued: RatingsImport) -> None:
    imports.take(queued.pk)
    assert reap_imports() == 0
    assert RatingsImport.objects.get().status == Status.RUNNING


def test_an_import_that_nobody_came_for_is_woken_once_a_period(queued: RatingsImport) -> None:
    assert reap_imports() == 0
    RatingsImport.objects.update(wake_at=Now() - timedelta(seconds=1))
    assert reap_imports() == 1
    assert reap_imports() == 0
    assert OrmQ.objects.count() == 2


def test_a_viewer_deleted_meanwhile_is_no_error(queued: RatingsImport, bob: Viewer) -> None:
    bob.delete()
    import_ratings(queued.pk)
    assert not RatingsImport.objects.exists()


def test_the_films_count_what_was_imported(queued: RatingsImport) -> None:
    before = Movie.objects.get(pk=1).rating_count
    import_ratings(queued.pk)
    assert Movie.objects.get(pk=1).rating_count == before + 1
