"""How long work tells how far it is."""

from collections.abc import Callable

#: Called with how much is done, and how much there is.
Progress = Callable[[int, int], None]


def silent(_done: int, _total: int) -> None:
    """Progress that nobody watches."""


#: Called with the step at work, how much of it is done, and how much there is.
Steps = Callable[[str, int, int], None]


def unwatched(_step: str, _done: int, _total: int) -> None:
    """Steps that nobody watches."""


#: The progress of stages is told in so many parts of the whole.
PARTS = 1000


def stage(progress: Progress, number: int, of: int) -> Progress:
    """The progress of one of several stages of equal length, told as that of the whole."""

    def tell(done: int, total: int) -> None:
        progress(round(PARTS * (number - 1 + done / total) / of), PARTS)

    return tell
