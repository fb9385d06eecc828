"""Commits that do not wait for the disk, and those that do."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connection, transaction

from recommendations.models import Movie, TrainedModel, Viewer
from recommendations.models.prediction import HOME
from recommendations.pipeline import requests, runs
from recommendations.pipeline.commits import forgettable

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def durable() -> Iterator[None]:
    """Commits wait as they do by default; the server of the tests lets none wait."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite does not wait for the disk")
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO on")
    yield
    connection.close()


def waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        return bool(cursor.fetchone() == ("on",))


def test_only_what_may_be_forgotten_does_not_wait(durable: None) -> None:
    with forgettable():
        assert not waits()
    assert waits()
    with transaction.atomic():
        assert waits()


def test_inside_another_transaction_it_is_as_lasting_as_that(durable: None) -> None:
    with transaction.atomic():
        with forgettable():
            assert waits()
        assert waits()


def test_a_run_ends_with_a_commit_that_waits_and_none_before_it_does(
    alice: Viewer,
    active_model: TrainedModel,
    durable: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = requests.request(alice, HOME, active_model.pk)
    assert row
    waited = []
    wrote: Callable[..., None] = runs.write

    def watched(claim: object, **changes: object) -> None:
        with forgettable():
            waited.append(waits())
            wrote(claim, **changes)

    monkeypatch.setattr(runs, "write", watched)
    runs.run(row.pk)
    assert waited[-1] is True
    assert waited[:-1]
    assert not any(waited[:-1])


def test_it_is_a_transaction_all_the_same(catalogue: None) -> None:
    with pytest.raises(RuntimeError), forgettable():
        Movie.objects.update(title="changed")
        raise RuntimeError
    assert not Movie.objects.filter(title="changed").exists()
    with forgettable():
        Movie.objects.update(title="changed")
    assert Movie.objects.filter(title="changed").exists()
