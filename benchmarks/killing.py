"""Pages that are read while a worker is killed each second."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from benchmarks.readers import Read, Reader

#: Seconds between two kills, and between two visitors.
KILL_EVERY = 1.0
COME_EVERY = 1.0

#: A page that has not all its films after so many seconds is late, and then lost.
LATE_AFTER = 30.0
LOST_AFTER = 90.0


class Killer(threading.Thread):
    """Kills one of the workers that there are, in turn, again and again."""

    def __init__(self, workers: Callable[[], list[int]]) -> None:
        super().__init__(daemon=True, name="killer")
        self.workers = workers
        self.killed = 0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(KILL_EVERY):
            if alive := sorted(self.workers()):
                with suppress(ProcessLookupError):
                    os.kill(alive[self.killed % len(alive)], signal.SIGKILL)
                    self.killed += 1


@contextmanager
def killing(workers: Callable[[], list[int]]) -> Iterator[Killer]:
    killer = Killer(workers)
    killer.start()
    try:
        yield killer
    finally:
        killer.over.set()
        killer.join()


def read_while_killing(
    kind: type[Reader], port: int, sessions: Sequence[str], workers: Callable[[], list[int]]
) -> tuple[list[Read], int]:
    """One visitor after the other comes, however long those before wait; also how many died."""

    def read(session: str) -> Read:
        return kind(port, session, LOST_AFTER).read_home()

    with ThreadPoolExecutor(len(sessions)) as pool, killing(workers) as killer:
        coming = []
        for session in sessions:
            coming.append(pool.submit(read, session))
            time.sleep(COME_EVERY)
        killer.over.set()
        return [each.result() for each in coming], killer.killed


def outcome(reads: Sequence[Read]) -> dict[str, int]:
    """How many pages came, those that came late among them, and how many never did."""
    came = [read for read in reads if not read.error]
    late = [read for read in came if read.complete > LATE_AFTER]
    return {"came": len(came), "late": len(late), "lost": len(reads) - len(came)}
