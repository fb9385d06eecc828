"""How a command shows how far it is."""

from typing import Never, Self

from django.core.management.base import OutputWrapper
from tqdm import tqdm


class ProgressBar:
    """A bar for each step, with rate and time left; in a log, one line for each step."""

    def __init__(self, stderr: OutputWrapper, *, hidden: bool = False) -> None:
        self.stderr = stderr
        self.hidden = hidden
        self.step = ""
        self.bar: tqdm[Never] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def show(self, step: str, done: int, total: int, unit: str = "it") -> None:
        if step != self.step:
            self._begin(step, total, unit)
        if self.bar is not None:
            if self.bar.total != (total or None):
                self.bar.reset(total)
            self.bar.update(done - self.bar.n)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()

    def _begin(self, step: str, total: int, unit: str) -> None:
        self.close()
        self.step = step
        if self.hidden:
            return
        if self.stderr.isatty():
            self.bar = tqdm(total=total or None, unit=unit, unit_scale=True, desc=step)
        else:
            self.stderr.write(step)
