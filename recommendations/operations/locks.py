"""Locks between processes that the dead let go."""

import multiprocessing
import os
import tempfile
from fcntl import LOCK_EX, LOCK_UN, flock
from pathlib import Path
from types import TracebackType
from typing import Any

from django_q.queues import Queue

#: Where a process opens its files anew; where there is no such place, all stays as it was.
OPEN_FILES = Path("/proc/self/fd")


class MortalLock:
    """A lock that goes with the process that holds it.

    multiprocessing's own are semaphores: who is killed while holding one leaves it locked for
    ever. The kernel drops the lock of a file (flock) when the last who has opened it so is gone.
    The file has no name that somebody could delete, and each forked process opens it for itself.
    One thread of a process may use the lock, as often inside itself as it likes.
    """

    def __init__(self) -> None:
        self.shared = tempfile.TemporaryFile()  # noqa: SIM115 (as long as the lock is used)
        self.reopen()

    def reopen(self) -> None:
        path = OPEN_FILES / str(self.shared.fileno())
        self.own, self.opened_by, self.depth = path.open("rb"), os.getpid(), 0

    def acquire(self) -> bool:
        if self.opened_by != os.getpid():
            self.reopen()
        if not self.depth:
            flock(self.own, LOCK_EX)
        self.depth += 1
        return True

    def release(self) -> None:
        self.depth -= 1
        if not self.depth:
            flock(self.own, LOCK_UN)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def value(kind: str, initial: float) -> Any:
    """A number in memory that processes share."""
    lock: Any = MortalLock() if OPEN_FILES.is_dir() else True
    return multiprocessing.Value(kind, initial, lock=lock)


def make_lasting(queue: Queue) -> None:
    """Let an empty queue work on, whoever is killed while waiting for something in it.

    Not who is killed within the moment of reading: that may leave half a message, or a place in a
    full queue taken, until the cluster is replaced because it does nothing.
    """
    if OPEN_FILES.is_dir():
        queue._rlock, queue._wlock = MortalLock(), MortalLock()
    queue.size.count = value("i", 0)
