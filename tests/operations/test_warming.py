"""A worker's model is in its memory before the first task, if the worker predicts."""

import pytest

from recommendations.models import TrainedModel
from recommendations.models.workers import BATCH, PREDICTIONS, TRAINING
from recommendations.operations.warming import warm_up
from recommendations.training import loading

SECONDS = 30


@pytest.fixture
def new_process(monkeypatch: pytest.MonkeyPatch, active_model: TrainedModel) -> None:
    """One that has loaded nothing yet."""
    monkeypatch.setattr(loading, "_loaded", None)


@pytest.mark.parametrize("queue", [PREDICTIONS, BATCH])
def test_workers_that_predict_load_the_active_model(
    queue: str, active_model: TrainedModel, new_process: None
) -> None:
    warm_up(queue, SECONDS)
    assert loading.in_memory() == active_model.pk


def test_others_stay_small(new_process: None) -> None:
    warm_up(TRAINING, SECONDS)
    assert loading.in_memory() is None


def test_without_a_model_there_is_nothing_to_load(
    db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loading, "_loaded", None)
    warm_up(PREDICTIONS, SECONDS)
    assert loading.in_memory() is None
    assert not caplog.records


def test_a_model_that_cannot_be_loaded_is_told_and_stops_nobody(
    new_process: None, caplog: pytest.LogCaptureFixture
) -> None:
    TrainedModel.objects.update(checksum="0" * 64)
    warm_up(PREDICTIONS, SECONDS)
    assert "not loaded yet" in caplog.text
