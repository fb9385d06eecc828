"""Clocks that jump an hour forward and back while work is queued and under way."""

import time
from pathlib import Path

import pytest

from tests.faults.service import LEASE, REAP_PERIOD, Service

#: Where Debian's package libfaketime puts what fakes the time of processes that load it.
LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


class Clock:
    """What the processes with this environment take for the time, from now on or as it jumps."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.jump("+0")

    def jump(self, offset: str) -> None:
        draft = self.file.with_suffix(".new")
        draft.write_text(offset)
        draft.rename(self.file)

    @property
    def environment(self) -> dict[str, str]:
        """A clock that is set moves the time of day, and not the time since the start."""
        return {
            "LD_PRELOAD": str(LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "PYTHONPATH": str(Path(__file__).parent / "faketime"),
        }


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    if not LIBRARIES:
        pytest.skip("libfaketime is not installed: apt-get install faketime")
    return Clock(tmp_path / "clock")


def test_the_clock_of_the_machine_with_sqlite_jumps(sqlite_service: Service, clock: Clock) -> None:
    """Web, workers and database have one clock; SQLite's is that of who asks."""
    sqlite_service.environment |= clock.environment
    jump_an_hour_either_way(sqlite_service, clock)


def test_the_clock_of_a_host_of_workers_jumps(postgres_service: Service, clock: Clock) -> None:
    """Only its own: PostgreSQL and the web server have the right time throughout."""
    jump_an_hour_either_way(postgres_service, clock, clock.environment)


def jump_an_hour_either_way(
    service: Service, clock: Clock, environment: dict[str, str] | None = None
) -> None:
    service.environment["PREDICTION_TIMEOUT"] = "60"
    service.start_web()
    service.start_workers("--queue", "predictions", "--workers", "3", environment=environment)
    with service.watched():
        jump_in_the_middle(service, clock, "+1h", guests=[0, 1, 2])
        jump_in_the_middle(service, clock, "+0", guests=[3, 4, 5])
        service.come(6)
        assert len(service.films(6)) > 5
        rows = service.until_done(7)
    assert len(rows) == 7
    assert {row["status"] for row in rows} == {"succeeded"}
    # Each run may be lost once, and one of them again: processes do not see a jump all at once.
    assert sum(row["attempt"] for row in rows) <= 2 * len(rows)


def jump_in_the_middle(service: Service, clock: Clock, offset: str, guests: list[int]) -> None:
    """Let the clock jump while some runs are at work and others queued, and wait for their end."""
    service.fault("wait")
    service.come(*guests)
    service.claimed()
    clock.jump(offset)
    time.sleep(LEASE + REAP_PERIOD)
    service.no_fault()
    for guest in guests:
        assert len(service.films(guest)) > 5
