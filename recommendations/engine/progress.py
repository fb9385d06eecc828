"""How long work tells how far it is."""

from collections.abc import Callable

#: Called with how much is done, and how much there is.
Progress = Callable[[int, int], None]


def silent(_done: int, _total: int) -> None:
    """Progress that nobody watches."""
