"""Child processes that end when we end."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

#: How long to look at children that are told to end, and wait in between.
LOOK_SECONDS = 0.05

#: In the environment of a child that is to end when we are killed, and can tell nobody.
SUPERVISED = "RECSITE_SUPERVISED"

#: Linux's PR_SET_PDEATHSIG: the signal that a process gets when its parent dies.
PARENT_DEATH_SIGNAL = 1


def end_with_parent() -> None:
    """Be told to end when the process is killed that supervises this one (Linux only)."""
    if os.environ.get(SUPERVISED) and sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGTERM)


@dataclass
class Children:
    """Processes started together; leaving the block ends all of them and all of theirs.

    Each leads a session of its own: a signal to our group does not reach them, so that each
    main process is told once and ends its own children in order. What is left after the grace
    is killed with its whole group.
    """

    grace: float = 6.0
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    started: dict[str, tuple[Sequence[str], Mapping[str, str]]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        self.started[name] = (command, env)
        # A list and no shell; the words are ours and the operator's.
        self.running[name] = subprocess.Popen(  # noqa: S603
            command, env={**os.environ, **env}, stdin=subprocess.DEVNULL, start_new_session=True
        )

    def ended(self) -> str | None:
        """The name of a child that is not running any more, if there is one."""
        return next(
            (name for name, child in self.running.items() if child.poll() is not None), None
        )

    def restart(self, name: str, grace: float) -> None:
        end([self.running[name]], grace)
        self.start(name, *self.started[name])

    def stop(self) -> None:
        end(self.running.values(), self.grace)


def end(children: "Collection[subprocess.Popen[bytes]]", grace: float) -> None:
    """Ask all to end, then kill what is left of them and theirs after so many seconds."""
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and any(child.poll() is None for child in children):
        time.sleep(LOOK_SECONDS)
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
