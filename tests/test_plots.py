"""The plots of docs/performance.md are those of the figures that were kept."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from benchmarks.plots import PLOTS, draw

pytestmark = pytest.mark.once

PAGE = Path(settings.BASE_DIR, "docs", "performance.md")


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_each_plot_is_shown_and_each_that_is_shown_is_there() -> None:
    shown = re.findall(r"!\[[^\]]+\]\(plots/([\w-]+\.svg)\)", PAGE.read_text())
    assert sorted(shown) == sorted(files(PLOTS))


def test_drawing_anew_gives_the_same_files(tmp_path: Path) -> None:
    draw(tmp_path)
    assert files(tmp_path) == files(PLOTS), "run python -m benchmarks.plots, and commit docs/plots"
