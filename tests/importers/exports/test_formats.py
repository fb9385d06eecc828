"""Each format is known by its header line, and each row is read or named."""

from pathlib import Path

import pytest

from recommendations.importers.exports.importing import import_ratings
from recommendations.importers.exports.reading import Contents, ExportFile, Undecided
from recommendations.importers.report import ImportFailed
from recommendations.models import Mark, Rating, Viewer
from tests.importers.datasets import lines, zipped
from tests.importers.exports.files import (
    DIARY,
    IMDB,
    IMDB_WATCHLIST,
    LETTERBOXD,
    MOVIELENS,
    OLDER_IMDB,
    WATCHED,
    brought,
    imdb,
    letterboxd,
    marks_of,
    stars_of,
)

TOY_STORY = "2024-03-01,Toy Story,1995,https://boxd.it/a"


def test_letterboxd_stars_are_taken_as_they_are(tmp_path: Path, ada: Viewer) -> None:
    brought(tmp_path / "any.txt", letterboxd("Toy Story,1995,4.5", "Moonlight,2016,0.5"), ada)

    assert stars_of(ada) == {1: 4.5, 9: 0.5}
    assert {f"{rating.rated_at:%F}" for rating in Rating.objects.all()} == {"2024-03-01"}


def test_a_diary_tells_the_latest_stars(tmp_path: Path, ada: Viewer) -> None:
    rows = [
        "2024-03-02,Toy Story,1995,https://boxd.it/b,4.5,Yes,,2024-03-01",
        "2023-01-01,Toy Story,1995,https://boxd.it/a,2,,fun,2023-01-01",
        "2024-03-03,Toy Story,1995,https://boxd.it/c,,Yes,,2024-03-03",
    ]

    brought(tmp_path / "diary.csv", lines(rows, DIARY), ada)

    assert stars_of(ada) == {1: 4.5}


def test_films_seen_without_stars_are_marked_as_seen(tmp_path: Path, ada: Viewer) -> None:
    brought(tmp_path / "watched.csv", lines([TOY_STORY], WATCHED), ada)

    assert marks_of(ada) == {1: "seen"}
    assert f"{Mark.objects.get().marked_at:%F}" == "2024-03-01"
    assert stars_of(ada) == {}


def test_a_watchlist_is_told_by_its_name(tmp_path: Path, ada: Viewer) -> None:
    brought(tmp_path / "watchlist (1).csv", lines([TOY_STORY], WATCHED), ada)

    assert marks_of(ada) == {1: "watchlist"}


def test_a_renamed_list_must_be_told_what_it_is(tmp_path: Path, ada: Viewer) -> None:
    path = tmp_path / "mine.csv"
    with pytest.raises(Undecided, match=r"mine\.csv could be films seen or a watchlist"):
        brought(path, lines([TOY_STORY], WATCHED), ada)

    import_ratings(ExportFile.on_disk(path, Contents.WATCHLIST), ada)

    assert marks_of(ada) == {1: "watchlist"}


def test_what_is_told_of_a_zip_counts_only_where_its_files_do_not_tell(
    tmp_path: Path, ada: Viewer
) -> None:
    fly = "2024-03-01,The Fly,1985,https://boxd.it/d"
    files: dict[str, str | bytes] = {
        "watched.csv": lines([TOY_STORY], WATCHED),
        "mine.csv": lines([fly], WATCHED),
    }
    zip_file = zipped(tmp_path / "letterboxd.zip", files)

    import_ratings(ExportFile.on_disk(zip_file, Contents.WATCHLIST), ada)

    assert marks_of(ada) == {1: "seen", 7: "watchlist"}


def test_rows_without_stars_are_left_out_of_ratings_only(tmp_path: Path, ada: Viewer) -> None:
    path = tmp_path / "diary.csv"
    path.write_text(letterboxd("Toy Story,1995,", "Moonlight,2016,3"))

    report = import_ratings(ExportFile.on_disk(path, Contents.RATINGS), ada)

    assert (report.left_out, stars_of(ada), marks_of(ada)) == (1, {9: 3.0}, {})


def test_a_watchlist_of_imdb_is_one_but_for_what_is_rated(tmp_path: Path, ada: Viewer) -> None:
    rows = [
        "1,tt0114709,2024-03-01,2024-03-01,,Toy Story,Movie,1995,,",
        "2,tt0111161,2024-03-01,2024-03-01,,Die Verurteilten,Movie,1994,10,2024-03-02",
    ]

    brought(tmp_path / "x.csv", lines(rows, IMDB_WATCHLIST), ada)

    assert (marks_of(ada), stars_of(ada)) == ({1: "watchlist"}, {2: 5.0})


def test_an_older_watchlist_of_imdb_has_no_column_for_ratings(tmp_path: Path, ada: Viewer) -> None:
    header = IMDB_WATCHLIST.removesuffix(",Your Rating,Date Rated")
    rows = ["1,tt0114709,2024-03-01,2024-03-01,,Toy Story,Movie,1995"]

    brought(tmp_path / "x.csv", lines(rows, header), ada)

    assert marks_of(ada) == {1: "watchlist"}


def test_a_zip_of_letterboxd_believes_the_ratings_first(tmp_path: Path, ada: Viewer) -> None:
    diary = [
        "2024-05-01,Toy Story,1995,https://boxd.it/a,1,,,2024-05-01",
        "2024-05-01,Moonlight,2016,https://boxd.it/b,3,,,2024-05-01",
    ]
    seen = [
        "2024-05-01,Toy Story,1995,https://boxd.it/c",
        "2024-05-01,The Fly,1985,https://boxd.it/d",
    ]
    wanted = [
        "2024-05-01,The Fly,1985,https://boxd.it/d",
        "2024-05-01,The Shawshank Redemption,1994,https://boxd.it/e",
    ]
    files: dict[str, str | bytes] = {
        "watched.csv": lines(seen, WATCHED),
        "watchlist.csv": lines(wanted, WATCHED),
        "diary.csv": lines(diary, DIARY),
        "ratings.csv": letterboxd("Toy Story,1995,5"),
        "profile.csv": "Date Joined,Username\n2020-01-01,ada\n",
        "deleted/ratings.csv": letterboxd("The Shawshank Redemption,1994,1"),
    }

    report = import_ratings(ExportFile.on_disk(zipped(tmp_path / "x.zip", files)), ada)

    assert stars_of(ada) == {1: 5.0, 9: 3.0}
    assert marks_of(ada) == {2: "watchlist", 7: "seen"}
    assert (report.rows, report.matched, report.repeated) == (7, 4, 3)


@pytest.mark.parametrize("header", [IMDB, OLDER_IMDB])
def test_ten_of_imdb_are_five_stars(tmp_path: Path, ada: Viewer, header: str) -> None:
    rows = [
        imdb("tt0114709", "10", "Toy Story", "1995", header=header),
        imdb("tt0111161", "1", "Die Verurteilten", "1994", header=header),
    ]

    brought(tmp_path / "ratings.csv", lines(rows, header), ada)

    assert stars_of(ada) == {1: 5.0, 2: 0.5}


def test_movielens_goes_by_its_ids(tmp_path: Path, ada: Viewer) -> None:
    rows = ["1,0114709,862,4.5,3.9,Toy Story (1995)", "5,,3573,3,3.6,Emma (1996)"]

    brought(tmp_path / "movielens-ratings.csv", lines(rows, MOVIELENS), ada)

    assert stars_of(ada) == {1: 4.5, 5: 3.0}


def test_movielens_spells_its_columns_otherwise_too(tmp_path: Path, ada: Viewer) -> None:
    brought(tmp_path / "x.csv", "title,movieId,rating\nToy Story (1995),1,4.0\n", ada)

    assert stars_of(ada) == {1: 4.0}


def test_marks_quotes_and_columns_of_any_order_are_read(tmp_path: Path, ada: Viewer) -> None:
    text = (
        '\ufeffRating,"Name",Liked,Year,Date,Letterboxd URI\r\n'
        '4,"Toy Story","yes,\r\nvery",1995,2024-03-01,x\r\n'
    )

    brought(tmp_path / "x.csv", text, ada)

    assert stars_of(ada) == {1: 4.0}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("2024-03-01,Toy Story,1995,x,5.5", "rating 5.5 is out of range"),
        ("2024-03-01,Toy Story,1995,x,nan", "rating nan is out of range"),
        ("2024-03-01,Toy Story,1995,x,good", "rating 'good' is not a number"),
        ("01/03/2024,Toy Story,1995,x,5", "date '01/03/2024' is not written YYYY-MM-DD"),
        ("9999-12-31,Toy Story,1995,x,5", "date 9999-12-31 is out of range"),
        ("0001-01-01,Toy Story,1995,x,5", "date 0001-01-01 is out of range"),
        ("2024-03-01,Toy Story,MCMXCV,x,5", "year 'MCMXCV' is not a whole number"),
        ("2024-03-01,,1995,x,5", "no title"),
        ("2024-03-01,\x1b[2JToy,1995,x,5", "title with control characters"),
        ('2024-03-01,"Toy\nStory",1995,x,5', "title with control characters"),
        (f"2024-03-01,{'x' * 301},1995,x,5", "title longer than 300 characters"),
        ("2024-03-01,Toy Story,1995", "3 columns, and the header has 5"),
        ('2024-03-01,"Toy" Story,1995,x,5', "',' expected after '\"'"),
        ('2024-03-01,"Toy Story,1995,x,5', "unexpected end of data"),
        (b"2024-03-01,Am\xe9lie,2001,x,5", "not written in UTF-8"),
    ],
)
def test_an_invalid_line_is_named_and_the_others_are_taken(
    tmp_path: Path, ada: Viewer, row: str | bytes, why: str
) -> None:
    good = letterboxd("Moonlight,2016,3").encode()
    bad = row.encode() if isinstance(row, str) else row

    report = brought(tmp_path / "ratings.csv", good + b"\n" + bad + b"\n", ada)

    assert stars_of(ada) == {9: 3.0}
    assert report.invalid.count == 1
    assert report.invalid.shown[0].startswith(f"ratings.csv:4: {why}")


@pytest.mark.parametrize("rating", ["0", "11", "7.5", "-1"])
def test_imdb_rates_from_1_to_10(tmp_path: Path, ada: Viewer, rating: str) -> None:
    row = imdb("tt0114709", rating, "Toy Story", "1995")

    assert brought(tmp_path / "x.csv", lines([row], IMDB), ada).invalid.count == 1


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n\n",
        "userId,movieId,rating,timestamp\n1,1,5,964982703\n",
        "Name,Year,Rating\nToy Story,1995,5\n",
        LETTERBOXD.replace(",", ";"),
        '"Date,Name',
    ],
)
def test_a_file_of_none_of_the_formats_is_refused(
    tmp_path: Path, ada: Viewer, content: str
) -> None:
    with pytest.raises(ImportFailed, match=r"is no export of ratings that is known here: give"):
        brought(tmp_path / "ratings.csv", content, ada)
