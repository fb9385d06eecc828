from io import StringIO

from django.core.management.base import OutputWrapper

from recommendations.management.progress import ProgressBar


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_step_that_starts_over_with_another_total_starts_its_bar_over() -> None:
    with ProgressBar(OutputWrapper(Terminal())) as progress:
        progress.show("trial 1 of 3", 2, 2)
        progress.show("trial 1 of 3", 1, 40)
        assert progress.bar is not None
        assert (progress.bar.n, progress.bar.total) == (1, 40)
