from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command


def run(folder: Path, ratings: int) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    size = {"viewers": 20, "movies": 30, "ratings": ratings}
    call_command("generate_ratings", str(folder), **size, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_it_writes_a_data_set_and_says_how_to_import_it(tmp_path: Path) -> None:
    out, err = run(tmp_path / "ml", 200)

    assert out == (
        "Wrote 200 simulated ratings of 30 movies by 20 viewers to "
        f"{tmp_path / 'ml'}; import them with: manage.py import_movielens {tmp_path / 'ml'}\n"
    )
    assert err == "writing ratings\n"
    assert {path.name for path in (tmp_path / "ml").iterdir()} == {
        "movies.csv", "ratings.csv", "links.csv", "tags.csv", "simulated.txt",
    }  # fmt: skip


@pytest.mark.parametrize(("folder", "why"), [("ml", "too many"), ("full/file/ml", "nothing was")])
def test_what_cannot_be_done_is_an_error_of_one_line(
    tmp_path: Path, folder: str, why: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("")

    with pytest.raises(CommandError, match=why) as raised:
        run(tmp_path / folder, 10_000 if folder == "ml" else 200)
    assert "\n" not in str(raised.value)
