"""Child processes that end when we end by a signal or an error; kill -9 alone leaves them."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

#: How long children may take to end by themselves, and how long to look at them in between.
GRACE_SECONDS = 6.0
LOOK_SECONDS = 0.05


@dataclass
class Children:
    """Processes started together; leaving the block ends all of them and all of theirs.

    Each leads a session of its own: a signal to our group does not reach them, so that each
    main process is told once and ends its own children in order. What is left after the grace
    is killed with its whole group.
    """

    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    started: dict[str, tuple[Sequence[str], Mapping[str, str]]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        self.started[name] = (command, env)
        self.running[name] = subprocess.Popen(  # noqa: S603
            command, env={**os.environ, **env}, stdin=subprocess.DEVNULL, start_new_session=True
        )

    def ended(self) -> str | None:
        """The name of a child that is not running any more, if there is one."""
        return next(
            (name for name, child in self.running.items() if child.poll() is not None), None
        )

    def restart(self, name: str) -> None:
        end([self.running[name]])
        self.start(name, *self.started[name])

    def stop(self) -> None:
        end(self.running.values())


def end(children: "Collection[subprocess.Popen[bytes]]") -> None:
    """Ask all to end, then kill what is left of them and theirs."""
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline and any(child.poll() is None for child in children):
        time.sleep(LOOK_SECONDS)
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
