from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from recommendations.models import Mark, Rating, UnmatchedEntry
from tests.importers.exports.files import letterboxd, make_films


@pytest.fixture(autouse=True)
def ada(db: None) -> User:
    make_films()
    return User.objects.create_user("ada")


def run(path: Path, content: str, viewer: str = "ada") -> str:
    path.write_text(content)
    stdout = StringIO()
    call_command("import_ratings", str(path), "--viewer", viewer, stdout=stdout)
    return stdout.getvalue()


def test_it_gives_an_account_its_ratings_and_tells_of_every_line(tmp_path: Path) -> None:
    export = letterboxd(
        "Toy Story,1995,4.5",
        "Emma,1996,3",
        "Unheard Of,2020,1",
        "Moonlight,2016,9",
        "Amelie,2001,",
    )

    assert run(tmp_path / "ratings.csv", export).splitlines() == [
        "Read 5 rows and matched 2 films.",
        "Ratings: 1 added, 0 replaced, 0 unchanged, 0 kept because rated later here.",
        "Marks: 1 seen, 0 put on the watchlist, 0 needed none.",
        "1 line ambiguous, to be chosen by hand on the site:",
        "  ratings.csv:3: Emma (1996): Emma (1996), film 5; Emma (1996), film 6",
        "1 line not found, and kept until the catalogue has them:",
        "  ratings.csv:4: Unheard Of (2020)",
        "1 line invalid:",
        "  ratings.csv:5: rating 9 is out of range: 0.5 to 5 stars in halves",
    ]
    assert Rating.objects.get().viewer.display_name == "ada"
    assert Mark.objects.get().kind == Mark.Kind.SEEN
    assert UnmatchedEntry.objects.waiting().count() == 2


def test_doing_it_again_is_no_error(tmp_path: Path) -> None:
    run(tmp_path / "x.csv", letterboxd("Toy Story,1995,4.5"))

    assert "1 unchanged" in run(tmp_path / "x.csv", letterboxd("Toy Story,1995,4.5"))


def test_long_lists_are_cut(tmp_path: Path) -> None:
    unheard = [f"Unheard {number},2020,1" for number in range(25)]

    assert "... and 5 more" in run(tmp_path / "x.csv", letterboxd("Toy Story,1995,5", *unheard))


def test_a_renamed_list_is_told_by_an_option(tmp_path: Path) -> None:
    seen = "Date,Name,Year,Letterboxd URI\n2024-03-01,Toy Story,1995,x\n"
    with pytest.raises(CommandError, match="Add --contents seen or --contents watchlist"):
        run(tmp_path / "mine.csv", seen)

    call_command(
        "import_ratings",
        str(tmp_path / "mine.csv"),
        viewer="ada",
        contents="seen",
        stdout=StringIO(),
    )

    assert Mark.objects.get().kind == Mark.Kind.SEEN


def test_an_account_that_is_not_there_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"There is no account 'eve': .* with createsuperuser"):
        run(tmp_path / "x.csv", letterboxd("Toy Story,1995,5"), viewer="eve")


def test_another_file_is_an_error_of_one_line(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"cats\.csv is no export .*: give the zip") as failure:
        run(tmp_path / "cats.csv", "name,age\nTom,3\n")

    assert failure.value.returncode == 1
    assert not Rating.objects.exists()


def test_an_export_of_other_films_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="names no film of the catalogue") as failure:
        run(tmp_path / "x.csv", letterboxd("Unheard Of,2020,5"))

    assert failure.value.returncode == 1
