"""Locks between processes that the dead let go."""

import fcntl
import multiprocessing
import os
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

from django_q.queues import Queue


class MortalLock:
    """A lock that goes with the process that holds it; its file lies in a folder that all share.

    multiprocessing's own are semaphores: who is killed while holding one leaves it locked for
    ever. The kernel drops the lock of a file (flock) when the last who has opened it so is gone,
    and each process opens it for itself. One thread of a process may use it, as often inside
    itself as it likes.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / uuid4().hex
        self.file = self.opened_by = self.depth = 0

    def acquire(self) -> bool:
        if self.opened_by != os.getpid():
            self.open()
        if not self.depth:
            fcntl.flock(self.file, fcntl.LOCK_EX)
        self.depth += 1
        return True

    def open(self) -> None:
        if self.file:
            os.close(self.file)  # the parent's, which is one with ours
        self.file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        self.opened_by, self.depth = os.getpid(), 0

    def release(self) -> None:
        self.depth -= 1
        if not self.depth:
            fcntl.flock(self.file, fcntl.LOCK_UN)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def value(kind: str, initial: float, folder: Path) -> Any:
    """A number in memory that processes share."""
    lock: Any = MortalLock(folder)
    return multiprocessing.Value(kind, initial, lock=lock)


def make_lasting(queue: Queue, folder: Path) -> None:
    """Let an empty queue work on, whoever is killed while waiting for something in it."""
    queue._rlock, queue._wlock = MortalLock(folder), MortalLock(folder)
    queue.size.count = value("i", 0, folder)
