"""Locks that the dead let go: real processes, killed while they hold one."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from multiprocessing.synchronize import Event
from typing import Any

import pytest
from django_q.queues import Queue

from recommendations.operations.locks import OPEN_FILES, MortalLock, make_lasting, value

FORK = multiprocessing.get_context("fork")

SOON, PATIENCE = 0.2, 30.0
TIMES = 2000


@pytest.fixture
def lock() -> MortalLock:
    return MortalLock()


@pytest.fixture
def queue() -> Queue:
    made = Queue()
    make_lasting(made)
    return made


@contextmanager
def running(target: Callable[..., None], *arguments: object) -> Iterator[ForkProcess]:
    process = FORK.Process(target=target, args=arguments, daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def kill(process: ForkProcess) -> None:
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def hold(lock: MortalLock, held: Event) -> None:
    with lock:
        held.set()
        signal.pause()


def take(lock: MortalLock, taken: Event) -> None:
    with lock:
        taken.set()


def add(count: Any) -> None:
    for _ in range(TIMES):
        with count.get_lock():
            count.value += 1


def read_one(queue: Queue, found: Connection) -> None:
    found.send(queue.get())


def test_it_is_held_by_one_process_until_that_is_killed(lock: MortalLock) -> None:
    held, taken = FORK.Event(), FORK.Event()
    with running(hold, lock, held) as holder:
        assert held.wait(PATIENCE)
        with running(take, lock, taken):
            assert not taken.wait(SOON)
            kill(holder)
            assert taken.wait(PATIENCE)


def test_it_may_be_taken_again_inside_itself(lock: MortalLock) -> None:
    taken = FORK.Event()
    with lock:
        with lock:
            pass
        with running(take, lock, taken):
            assert not taken.wait(SOON)
            lock.release()
            assert taken.wait(PATIENCE)
            lock.acquire()


def test_a_queue_goes_on_when_its_readers_are_killed_while_they_wait(queue: Queue) -> None:
    here, there = FORK.Pipe()
    with running(read_one, queue, there) as first, running(read_one, queue, there) as second:
        assert not here.poll(SOON)
        kill(first)
        kill(second)
    with running(read_one, queue, there):
        queue.put("told")
        assert here.poll(PATIENCE)
        assert here.recv() == "told"
    assert queue.qsize() == 0


def test_numbers_that_nobody_needs_any_more_keep_no_file_open() -> None:
    before = len(list(OPEN_FILES.iterdir()))
    for _ in range(10):
        value("f", -1).value = 1
    assert len(list(OPEN_FILES.iterdir())) == before


def test_processes_count_together() -> None:
    count = value("i", 0)
    with running(add, count) as one, running(add, count) as other:
        one.join(PATIENCE)
        other.join(PATIENCE)
    assert count.value == 2 * TIMES
