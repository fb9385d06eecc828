"""A film is found by its id, or else by title and year; a guess is never made."""

from pathlib import Path

import pytest

from recommendations.models import Movie, Viewer
from tests.importers.datasets import lines
from tests.importers.exports.files import (
    IMDB,
    MOVIELENS,
    brought,
    imdb,
    letterboxd,
    stars_of,
)


@pytest.mark.parametrize(
    ("title_and_year", "film"),
    [
        ("The Shawshank Redemption,1994", 2),
        ("Shawshank Redemption,1994", 2),
        ("the shawshank redemption!,1994", 2),
        ("Amélie,2001", 4),
        ("Le Fabuleux Destin d'Amélie Poulain,2001", 4),
        ("La cité des enfants perdus,1995", 3),
        ("Toy Story,1994", 1),
        ("Toy Story,1996", 1),
        ("Toy Story,", 1),
        ("Moonlight,2016", 9),
    ],
)
def test_a_film_is_found_by_title_and_year(
    tmp_path: Path, ada: Viewer, title_and_year: str, film: int
) -> None:
    brought(tmp_path / "x.csv", letterboxd(f"{title_and_year},4"), ada)

    assert stars_of(ada) == {film: 4.0}


@pytest.mark.parametrize("row", ["Toy Story,1997", "Toys,1995", "Toy Story 2,1999"])
def test_another_film_is_not_found(tmp_path: Path, ada: Viewer, row: str) -> None:
    report = brought(tmp_path / "x.csv", letterboxd(f"{row},4"), ada)

    title, year = row.split(",")
    assert report.not_found.shown == [f"x.csv:2: {title} ({year})"]
    assert stars_of(ada) == {}


@pytest.mark.parametrize(
    ("row", "candidates"),
    [
        ("Emma,1996", "Emma (1996), film 5; Emma (1996), film 6"),
        ("Emma,1997", "Emma (1996), film 5; Emma (1996), film 6"),
        ("The Fly,1986", "The Fly (1985), film 7; The Fly (1987), film 8"),
    ],
)
def test_what_could_be_several_is_left_out_and_they_are_named(
    tmp_path: Path, ada: Viewer, row: str, candidates: str
) -> None:
    report = brought(tmp_path / "x.csv", letterboxd(f"{row},4"), ada)

    assert report.ambiguous.shown == [f"x.csv:2: {row.replace(',', ' (')}): {candidates}"]
    assert stars_of(ada) == {}


def test_the_id_of_imdb_tells_two_of_a_name_apart(tmp_path: Path, ada: Viewer) -> None:
    rows = [imdb("tt0118308", "8", "Emma", "1996")]

    brought(tmp_path / "x.csv", lines(rows, IMDB), ada)

    assert stars_of(ada) == {6: 4.0}


def test_a_film_with_another_id_is_another_film(tmp_path: Path, ada: Viewer) -> None:
    rows = [imdb("tt7654321", "8", "Toy Story", "1995")]

    assert brought(tmp_path / "x.csv", lines(rows, IMDB), ada).not_found.count == 1


def test_without_an_id_in_the_catalogue_the_title_counts(tmp_path: Path, ada: Viewer) -> None:
    rows = [imdb("tt0211915", "8", "Amélie", "2001")]

    brought(tmp_path / "x.csv", lines(rows, IMDB), ada)

    assert stars_of(ada) == {4: 4.0}


@pytest.mark.parametrize("kind", ["TV Episode", "tvEpisode", "TV Series", "Video Game"])
def test_an_episode_is_no_film_of_its_name(tmp_path: Path, ada: Viewer, kind: str) -> None:
    rows = [imdb("tt0211915", "8", "Moonlight", "2001", kind=kind)]

    assert brought(tmp_path / "x.csv", lines(rows, IMDB), ada).not_found.count == 1


def test_two_films_with_one_id_are_told(tmp_path: Path, ada: Viewer) -> None:
    Movie.objects.filter(pk=2).update(imdb_id=114709)
    rows = [imdb("tt0114709", "8", "Toy Story", "1995")]

    assert brought(tmp_path / "x.csv", lines(rows, IMDB), ada).ambiguous.count == 1


def test_a_movielens_id_counts_only_if_the_name_agrees(tmp_path: Path, ada: Viewer) -> None:
    rows = ["2,,862,4.5,3.9,Toy Story (1995)"]

    brought(tmp_path / "x.csv", lines(rows, MOVIELENS), ada)

    assert stars_of(ada) == {1: 4.5}


def test_the_film_of_the_year_comes_before_one_beside_it(tmp_path: Path, ada: Viewer) -> None:
    report = brought(tmp_path / "x.csv", letterboxd("Toy Story,1996,1", "Toy Story,1995,5"), ada)

    assert stars_of(ada) == {1: 5.0}
    assert report.not_found.shown == ["x.csv:2: Toy Story (1996)"]


def test_of_two_spellings_of_a_film_the_later_counts(tmp_path: Path, ada: Viewer) -> None:
    report = brought(tmp_path / "x.csv", letterboxd("Amelie,2001,1", "Amélie,2001,5"), ada)

    assert stars_of(ada) == {4: 5.0}
    assert report.not_found.count == 0
