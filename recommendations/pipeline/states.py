"""What can honestly be said of one part of a prediction: one shelf, or one film's stars."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from recommendations.models import Prediction
from recommendations.models.prediction import SILENCE
from recommendations.pipeline.requests import Standing

#: After so long a page stops asking by itself, and offers to ask again.
PATIENCE = timedelta(minutes=5)


class State(StrEnum):
    READY = "ready"
    EMPTY = "empty"
    WAITING = "waiting"
    FAILED = "failed"
    NO_MODEL = "no_model"
    NO_WORKER = "no_worker"
    TIMED_OUT = "timed_out"


@dataclass(frozen=True)
class Part:
    """One named part of a prediction as it stands now."""

    state: State
    content: dict[str, Any]
    refreshing: bool
    standing: Standing

    @property
    def polls(self) -> bool:
        """Whether asking again can show something new without anybody's doing."""
        waits = self.state in {State.WAITING, State.NO_WORKER, State.NO_MODEL}
        return waits or (self.refreshing and self.standing.waited < PATIENCE)

    @property
    def refresh_failed(self) -> bool:
        """What is shown is from before the last change, and making it anew failed."""
        return self.state == State.READY and self.standing.last_failed

    @property
    def progress(self) -> float | None:
        row = self.standing.in_flight
        return row.progress if row and row.progress else None


def part(standing: Standing, name: str) -> Part:
    """The part `name`: from the run in flight if it has it already, else from the last good."""
    row = standing.in_flight
    in_flight = row.result.get(name) if row else None
    content = in_flight or (standing.good.result.get(name) if standing.good else None) or {}
    refreshing = row is not None and in_flight is None
    return Part(_state(standing, content), content, refreshing, standing)


def _state(standing: Standing, content: dict[str, Any]) -> State:
    if "error" in content:
        return State.FAILED
    if content:
        return State.READY if content.get("items", True) else State.EMPTY
    if standing.model_id is None:
        return State.NO_MODEL
    if standing.last_failed:
        return State.FAILED
    return _waiting(standing)


def _waiting(standing: Standing) -> State:
    if standing.waited > SILENCE and Prediction.objects.no_worker():
        return State.NO_WORKER
    return State.TIMED_OUT if standing.waited > PATIENCE else State.WAITING
