from pathlib import Path

import pytest

from recommendations.importers.movielens import import_movielens
from recommendations.importers.report import ImportFailed, ImportReport
from recommendations.models import Movie, Rating, Viewer
from tests.importers.datasets import (
    csv_files,
    dat_files,
    folder,
    lines,
    ml_100k_files,
    with_line,
)

pytestmark = pytest.mark.django_db


def imported_with(tmp_path: Path, file: str, line: str | bytes) -> ImportReport:
    files = csv_files({"tags.csv": many_tags(), "links.csv": many_links()})
    return import_movielens(folder(tmp_path / "ml", files | {file: with_line(files[file], line)}))


def many_tags() -> str:
    return lines(["1,1,Pixar,1139045764"] * 200, "userId,movieId,tag,timestamp")


def many_links() -> str:
    return lines([f"{film},{film},{film}" for film in range(1, 121)], "movieId,imdbId,tmdbId")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("1,999,4.0,964982703", "unknown movie 999"),
        ("1,20,5.5,964982703", "rating 5.5 is out of range: 0.5 to 5 stars in halves"),
        ("1,20,0,964982703", "rating 0 is out of range: 0.5 to 5 stars in halves"),
        ("1,20,3.7,964982703", "rating 3.7 is out of range: 0.5 to 5 stars in halves"),
        ("1,20,-1,964982703", "rating -1 is out of range: 0.5 to 5 stars in halves"),
        ("1,20,nan,964982703", "rating nan is out of range: 0.5 to 5 stars in halves"),
        ("1,20,inf,964982703", "rating inf is out of range: 0.5 to 5 stars in halves"),
        ("1,20,good,964982703", "rating 'good' is not a number"),
        ("1,20,,964982703", "rating '' is not a number"),
        ("x,20,4.0,964982703", "user id 'x' is not a whole number from 0"),
        ("-1,20,4.0,964982703", "user id '-1' is not a whole number from 0"),
        ("1_0,20,4.0,964982703", "user id '1_0' is not a whole number from 0"),
        ("2147483648,20,4.0,964982703", "user id 2147483648 is out of range"),
        ("1,-20,4.0,964982703", "movie id '-20' is not a whole number from 0"),
        ("1,2147483648,4.0,964982703", "movie id 2147483648 is out of range"),
        ("1,20,4.0,99999999999999999", "timestamp 99999999999999999 is out of range"),
        ("1,20,4.0,today", "timestamp 'today' is not a whole number from 0"),
        ("1,20,4.0", "3 columns instead of 4"),
        ("1,20,4.0,964982703,", "5 columns instead of 4"),
        ('1,20,"4.0,964982703', "broken quotes"),
        (b"1,20,\xff,964982703", "not UTF-8 (byte 6 of the line)"),
        (b"1,20,4.0,9649\x00", "a NUL character"),
        (b"\xff" * 100_000, "not UTF-8 (byte 1 of the line)"),
    ],
)
def test_a_bad_rating_is_reported_with_its_place_and_skipped(
    tmp_path: Path, line: str | bytes, why: str
) -> None:
    report = imported_with(tmp_path, "ratings.csv", line)

    assert report.bad_rows.shown == [f"ratings.csv:202: {why}"]
    assert report.ratings == Rating.objects.count() == 200
    assert Viewer.objects.count() == 20


@pytest.mark.parametrize(
    ("file", "line", "why"),
    [
        ("movies.csv", "x,Film (1990),Drama", "122: movie id 'x' is not a whole number from 0"),
        ("movies.csv", "121,Film, The (1990),Drama", "122: 4 columns instead of 3"),
        ("movies.csv", "121,,Drama", "122: no title"),
        ("movies.csv", f"121,{'x' * 301},Drama", "122: title longer than 300 characters"),
        ("movies.csv", f"121,Film,{'x' * 51}", "122: genre longer than 50 characters"),
        ("movies.csv", b"121,L\xe9on (1994),Drama", "122: not UTF-8 (byte 6 of the line)"),
        ("links.csv", "999,1,1", "122: unknown movie 999"),
        ("links.csv", "1,tt0114709,1", "122: IMDb id 'tt0114709' is not a whole number from 0"),
        ("tags.csv", "1,1,,1139045764", "202: no tag"),
        ("tags.csv", "1,1,  ,1139045764", "202: no tag"),
        ("tags.csv", "1,999,fun,1139045764", "202: unknown movie 999"),
        ("tags.csv", "one,1,fun,1139045764", "202: user id 'one' is not a whole number from 0"),
        ("tags.csv", f"1,1,{'x' * 201},1139045764", "202: tag longer than 200 characters"),
    ],
)
def test_the_other_files_are_held_to_account_as_well(
    tmp_path: Path, file: str, line: str | bytes, why: str
) -> None:
    report = imported_with(tmp_path, file, line)

    assert report.bad_rows.shown == [f"{file}:{why}"]
    assert Movie.objects.count() == 120


def test_a_genre_that_is_neither_flagged_nor_not_is_a_bad_row(tmp_path: Path) -> None:
    files = ml_100k_files()
    files["u.item"] = with_line(files["u.item"], f"121|Film (1990)||||2{'|0' * 18}")

    report = import_movielens(folder(tmp_path / "ml-100k", files))

    assert report.bad_rows.shown == ["u.item:121: a genre is flagged by neither 0 nor 1"]


def test_ml_10m_must_be_utf8(tmp_path: Path) -> None:
    files = dat_files(encoding="utf-8", tags=True)
    files["movies.dat"] = with_line(files["movies.dat"], b"121::L\xe9on (1994)::Drama")

    report = import_movielens(folder(tmp_path / "ml-10m", files))

    assert report.bad_rows.shown == ["movies.dat:121: not UTF-8 (byte 7 of the line)"]


def test_blank_lines_are_not_rows(tmp_path: Path) -> None:
    assert imported_with(tmp_path, "ratings.csv", "\n\n").bad_rows.count == 0


def test_lines_are_counted_right_behind_one_that_is_too_long(tmp_path: Path) -> None:
    ratings = str(csv_files()["ratings.csv"]) + "7" * 200_000 + "\n1,999,4.0,964982703\n"

    report = import_movielens(folder(tmp_path / "ml", csv_files({"ratings.csv": ratings})))

    assert [row.partition(": ")[0] for row in report.bad_rows.shown] == [
        "ratings.csv:202",
        "ratings.csv:203",
    ]


def test_one_bad_row_in_a_hundred_is_tolerated(tmp_path: Path) -> None:
    rows = [f"{viewer},1,4,1000000000" for viewer in range(99)]
    ratings = lines([*rows, "1,999,4,1000000000"], "userId,movieId,rating,timestamp")

    report = import_movielens(folder(tmp_path / "ml", csv_files({"ratings.csv": ratings})))

    assert (report.ratings, report.bad_rows.count) == (99, 1)


def test_over_one_in_a_hundred_aborts_with_nothing_written(tmp_path: Path) -> None:
    rows = [f"{viewer},1,4,1000000000" for viewer in range(98)]
    ratings = lines([*rows, "1,999,4,1000000000"], "userId,movieId,rating,timestamp")

    with pytest.raises(ImportFailed, match=r"1 of 99 rows of ratings.csv are bad") as failure:
        import_movielens(folder(tmp_path / "ml", csv_files({"ratings.csv": ratings})))

    assert failure.value.bad_rows.shown == ["ratings.csv:100: unknown movie 999"]
    assert not Movie.objects.exists()
    assert not Viewer.objects.exists()


def test_bad_rows_are_all_counted_and_the_first_twenty_shown(tmp_path: Path) -> None:
    ratings = lines(["1,1,9,1000000000"] * 50, "userId,movieId,rating,timestamp")

    with pytest.raises(ImportFailed) as failure:
        import_movielens(folder(tmp_path / "ml", csv_files({"ratings.csv": ratings})))

    assert failure.value.bad_rows.count == 50
    assert failure.value.bad_rows.lines()[19:] == [
        "ratings.csv:21: rating 9 is out of range: 0.5 to 5 stars in halves",
        "... and 30 more",
    ]
