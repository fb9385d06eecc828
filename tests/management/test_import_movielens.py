from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from recommendations.management.commands import import_movielens as command
from recommendations.management.progress import ProgressBar
from recommendations.models import Catalogue, Movie, Rating
from tests.importers.datasets import csv_files, folder, lines, ml_100k_files, with_line, zipped

pytestmark = pytest.mark.django_db


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def run(source: Path, *options: str, stderr: StringIO | None = None) -> tuple[str, str]:
    stdout, stderr = StringIO(), stderr or StringIO()
    call_command("import_movielens", str(source), *options, stdout=stdout, stderr=stderr)
    return stdout.getvalue(), stderr.getvalue()


def test_it_imports_a_folder_and_says_what_it_holds(tmp_path: Path) -> None:
    stdout, _ = run(folder(tmp_path / "ml-latest-small", csv_files()))

    assert stdout.startswith(
        "Imported ml-latest-small: 120 movies, 200 ratings, 20 viewers, 3 tags in "
    )
    assert stdout.endswith(" s; 3 of the movies are known with their makers.\n")


def test_it_imports_a_zip(tmp_path: Path) -> None:
    run(zipped(tmp_path / "ml.zip", csv_files(), inner="ml"))

    assert Rating.objects.count() == 200


def test_a_log_gets_one_line_for_each_step(tmp_path: Path) -> None:
    _, stderr = run(folder(tmp_path / "ml-100k", ml_100k_files()))

    assert stderr == "reading u.item\nreading u.data\nwriting ratings\n"


def test_a_terminal_gets_a_bar_with_rate_and_time_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(folder(tmp_path / "ml-100k", ml_100k_files()), stderr=Terminal())

    bars = capsys.readouterr().err
    assert "reading u.data: 100%" in bars
    assert "B/s]" in bars


def test_bad_rows_are_shown_by_place_and_reason(tmp_path: Path) -> None:
    files = csv_files()
    files["ratings.csv"] = with_line(files["ratings.csv"], "1,20,7,964982703")

    stdout, stderr = run(folder(tmp_path / "ml", files))

    assert "ratings.csv:202: rating 7 is out of range: 0.5 to 5 stars in halves\n" in stderr
    assert "Skipped 1 bad row.\n" in stderr
    assert "200 ratings" in stdout


def test_too_many_bad_rows_end_it_after_the_first_are_shown(tmp_path: Path) -> None:
    ratings = lines(["1,1,9,1000000000"] * 50, "userId,movieId,rating,timestamp")
    stderr = StringIO()

    with pytest.raises(CommandError, match=r"50 of 50 rows of ratings\.csv are bad"):
        run(folder(tmp_path / "ml", csv_files({"ratings.csv": ratings})), stderr=stderr)

    assert stderr.getvalue().count("out of range") == 20
    assert "... and 30 more\n" in stderr.getvalue()
    assert not Movie.objects.exists()


def test_another_data_set_needs_replace(tmp_path: Path) -> None:
    run(folder(tmp_path / "ml-latest", csv_files()))
    other = folder(tmp_path / "ml-100k", ml_100k_files())

    with pytest.raises(CommandError, match=r"This database holds ml-latest, .*--replace"):
        run(other)
    run(other, "--replace")

    assert Catalogue.objects.get().name == "ml-100k"


def test_what_is_not_there_is_an_error_of_one_line() -> None:
    with pytest.raises(CommandError, match="There is no nowhere: give a folder or a zip"):
        run(Path("nowhere"))


@pytest.mark.parametrize(
    ("raised", "line", "code"),
    [
        (KeyboardInterrupt(), "Interrupted: nothing was written.", 130),
        (DatabaseError("disk full\n"), "disk full: nothing was written.", 1),
    ],
)
def test_an_interrupted_import_says_that_nothing_was_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    raised: BaseException,
    line: str,
    code: int,
) -> None:
    class Interrupted(ProgressBar):
        def show(self, step: str, done: int, total: int, unit: str = "it") -> None:
            if step == "reading tags.csv":
                raise raised

    monkeypatch.setattr(command, "ProgressBar", Interrupted)

    with pytest.raises(CommandError) as failure:
        run(folder(tmp_path / "ml", csv_files()))

    assert (str(failure.value), failure.value.returncode) == (line, code)
    assert not Movie.objects.exists()
