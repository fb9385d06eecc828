"""The plots of docs/performance.md are those of the figures that were kept."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings

from benchmarks.plots import PLOTS, draw
from benchmarks.results import KEPT

pytestmark = pytest.mark.once

PAGE = Path(settings.BASE_DIR, "docs", "performance.md")
PARTLY = ("growth", "against")


def words(folder: Path) -> dict[str, list[str]]:
    """What each plot says, medians too; where exactly it is drawn may hang on the machine."""
    return {
        path.name: re.findall(r">([^<>]+)</text>", path.read_text()) for path in folder.iterdir()
    }


def test_each_plot_is_shown_and_each_that_is_shown_is_there() -> None:
    shown = re.findall(r"!\[[^\]]+\]\(plots/([\w-]+\.svg)\)", PAGE.read_text())
    assert sorted(shown) == sorted(words(PLOTS))


def test_drawing_anew_says_the_same(tmp_path: Path) -> None:
    draw(tmp_path)
    assert all(words(PLOTS).values())
    assert words(tmp_path) == words(PLOTS), "run python -m benchmarks.plots, and commit docs/plots"


def test_what_is_not_kept_yet_is_left_out_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    growth, against = (json.loads((KEPT / f"{name}.json").read_text()) for name in PARTLY)
    del growth["sizes"]["1000000"], against["killing"]
    for name, found in zip(PARTLY, (growth, against), strict=True):
        (tmp_path / f"{name}.json").write_text(json.dumps(found))
    draw(tmp_path / "plots", tmp_path)
    assert sorted(words(tmp_path / "plots")) == ["against.svg", "growth.svg"]
    said = capsys.readouterr().out
    assert "growth\n  not kept yet: 1000000, " in said
    assert "killing\n  not drawn, since against.json has no 'killing'\n" in said
    assert "batch\n  not drawn, since batch.json is not kept yet\n" in said
