"""Each format is known by its header line, and each row is read or named."""

from pathlib import Path

import pytest

from recommendations.importers.exports.importing import import_ratings
from recommendations.importers.report import ImportFailed
from recommendations.models import Rating, Viewer
from tests.importers.datasets import lines, zipped
from tests.importers.exports.files import (
    DIARY,
    IMDB,
    LETTERBOXD,
    MOVIELENS,
    OLDER_IMDB,
    WATCHED,
    brought,
    imdb,
    letterboxd,
    stars_of,
)


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


def test_films_seen_without_stars_are_counted_and_left_out(tmp_path: Path, ada: Viewer) -> None:
    rows = ["2024-03-01,Toy Story,1995,https://boxd.it/a"]

    report = brought(tmp_path / "watched.csv", lines(rows, WATCHED), ada)

    assert (report.without_stars, stars_of(ada)) == (1, {})


def test_a_zip_of_letterboxd_believes_the_ratings_first(tmp_path: Path, ada: Viewer) -> None:
    diary = [
        "2024-05-01,Toy Story,1995,https://boxd.it/a,1,,,2024-05-01",
        "2024-05-01,Moonlight,2016,https://boxd.it/b,3,,,2024-05-01",
    ]
    seen = [
        "2024-05-01,Toy Story,1995,https://boxd.it/c",
        "2024-05-01,The Fly,1985,https://boxd.it/d",
    ]
    files: dict[str, str | bytes] = {
        "watched.csv": lines(seen, WATCHED),
        "watchlist.csv": lines(["2024-05-01,Emma,1996,https://boxd.it/e"], WATCHED),
        "diary.csv": lines(diary, DIARY),
        "ratings.csv": letterboxd("Toy Story,1995,5"),
        "profile.csv": "Date Joined,Username\n2020-01-01,ada\n",
        "deleted/ratings.csv": letterboxd("The Shawshank Redemption,1994,1"),
    }

    report = import_ratings(zipped(tmp_path / "letterboxd.zip", files), ada)

    assert stars_of(ada) == {1: 5.0, 9: 3.0}
    assert report.without_stars == 1


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
