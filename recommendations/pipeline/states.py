"""What can honestly be said of one part of a prediction: one shelf, or one film's stars."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from recommendations.models import Prediction
    from recommendations.pipeline.requests import Standing

#: After so long a page stops asking by itself, and offers to ask again.
PATIENCE = timedelta(minutes=10)


class State(StrEnum):
    READY = "ready"
    EMPTY = "empty"
    WAITING = "waiting"
    FAILED = "failed"
    NO_MODEL = "no_model"
    NO_WORKER = "no_worker"
    TIMED_OUT = "timed_out"


WAITING_STATES = {State.WAITING, State.NO_MODEL, State.NO_WORKER}


@dataclass(frozen=True)
class Part:
    """One named part of a prediction, as a page that asks for it `since` then may show it.

    `source` is the run that holds what is shown, if anything is.
    """

    standing: "Standing"
    name: str
    since: "datetime"
    source: "Prediction | None"

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = self.source.result[self.name] if self.source else {}
        return content

    @property
    def state(self) -> State:
        if "error" in self.content:
            return self._waiting if self.refreshing else State.FAILED
        if self.content:
            return State.READY if self.content.get("items", True) else State.EMPTY
        if self.standing.model_id is not None and self.standing.last_failed:
            return State.FAILED
        return State.TIMED_OUT if self.out_of_patience else self._waiting

    @property
    def _waiting(self) -> State:
        if self.standing.model_id is None:
            return State.NO_MODEL
        return State.NO_WORKER if self.standing.no_worker else State.WAITING

    @property
    def out_of_patience(self) -> bool:
        return self.standing.read_at - self.since > PATIENCE

    @property
    def successor_coming(self) -> bool:
        """A run will bring this part anew: the one in flight, its successor, or the next asked."""
        row = self.standing.in_flight
        if row is None:
            return self.standing.wants_run
        return self.source != row or not self.standing.is_current(row)

    @property
    def refreshing(self) -> bool:
        """There is something to show, and it is being made anew."""
        return bool(self.content) and self.successor_coming and not self.out_of_patience

    @property
    def stalled(self) -> bool:
        """Nothing moves until somebody starts a worker or trains a model."""
        idle = self.state in {State.NO_MODEL, State.NO_WORKER}
        return idle or (self.refreshing and self.standing.no_worker)

    @property
    def refresh_failed(self) -> bool:
        """What is shown is from before the last change, and making it anew did not succeed."""
        if self.state != State.READY or self.source is None:
            return False
        given_up = self.successor_coming and self.out_of_patience
        failed = self.standing.last_failed and not self.standing.is_current(self.source)
        return given_up or failed

    @property
    def polls(self) -> bool:
        """Whether asking again can show something new without anybody's doing."""
        return self.state in WAITING_STATES or self.refreshing

    @property
    def progress(self) -> float | None:
        row = self.standing.in_flight
        return row.progress if row and row.progress else None


def part(standing: "Standing", name: str, since: "datetime | None" = None) -> Part:
    """The part `name`: from the run in flight if it has it already, else from the last good."""
    runs = (standing.in_flight, standing.good)
    source = next((run for run in runs if run and name in run.result), None)
    return Part(standing, name, since or standing.read_at, source)
