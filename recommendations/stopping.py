"""Ending in order when somebody asks this process to end."""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# Shared memory, made before a cluster forks. Django-Q2 tells no worker that its cluster ends; it
# waits until they have nothing more to do, which a training would have for hours.
_trainer = multiprocessing.RawValue("i", 0)
_ending = multiprocessing.RawValue("b", 0)


class Stopped(KeyboardInterrupt):
    """Somebody asked this process to end. Not an error: `except Exception` lets it through.

    psycopg cancels the query in which an interrupt comes; one in which anything else was raised
    would leave a connection that cannot be rolled back, and the error of that in its place.
    """


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Raise `Stopped` in the block on the first Ctrl-C, SIGTERM or SIGHUP; ignore what follows.

    make passes on a signal that the whole group has had already: the second must not disturb
    the ending that the first one began.
    """

    def stop(signum: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
        for each in STOPPING:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped

    before = {each: signal.signal(each, stop) for each in STOPPING}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextlib.contextmanager
def stopped_with_the_cluster() -> Iterator[None]:
    """Raise `Stopped` in the block when the cluster ends whose only worker this process is."""
    with stoppable():
        _trainer.value = os.getpid()
        try:
            if _ending.value:
                raise Stopped
            yield
        finally:
            _trainer.value = 0


def stop_with_me() -> None:
    """Let SIGTERM and SIGINT to this process, the cluster's main one, also stop its training."""
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, _announcing(signal.getsignal(each)))


def _announcing(handler: object) -> "signal._HANDLER":
    def stop(signum: int, frame: FrameType | None) -> None:
        _ending.value = 1
        if _trainer.value:
            with contextlib.suppress(ProcessLookupError):
                os.kill(_trainer.value, signal.SIGTERM)
        if callable(handler):
            handler(signum, frame)

    return stop
