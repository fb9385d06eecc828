"""What is known of films is written to those of a data set; nothing is overwritten."""

from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recommendations.importers.enriching import enrich, recognise
from recommendations.importers.films import KnownFilm
from recommendations.importers.movielens import import_movielens
from recommendations.importers.recognising import Listed
from recommendations.importers.titles import title_and_year
from recommendations.models import Credit, Movie, Person
from tests.importers.datasets import csv_files, folder


def known(title: str, year: int) -> KnownFilm:
    return KnownFilm(title, year, ["Drama"], ["Ada"], [], "France", 90, 3)


def recognised(title: str, year: int, *rows: str) -> list[int]:
    """Places, from 1, of the rows of a catalogue that are taken for the film."""
    listed = [Listed(place, *title_and_year(row)) for place, row in enumerate(rows, 1)]
    return list(recognise(listed, [known(title, year)]))


@pytest.mark.parametrize(
    ("title", "row"),
    [
        ("The Shawshank Redemption", "Shawshank Redemption, The (1994)"),
        ("The Green Mile", "Green Mile (1994)"),
        ("Les Misérables", "Miserables, Les (1994)"),
        ("Seven", "Se7en (a.k.a. Seven) (1994)"),
        ("Bicycle Thieves", "Bicycle Thief, The (Bicycle Thieves) (Ladri di biciclette) (1994)"),
        ("Pride & Prejudice", "Pride and Prejudice (1994)"),
        ("Oldboy", "Old Boy (1994)"),
        ("Schindler's List", "Schindlers List (1994)"),
        ("The Piano", "Piano, The (1993)"),
        ("The Piano", "Piano, The (1995)"),
        ("Moonlight", "Moonlight"),
    ],
)
def test_a_film_is_recognised(title: str, row: str) -> None:
    assert recognised(title, 1994, "Other Film (1994)", row) == [2]


@pytest.mark.parametrize(
    "rows",
    [
        ["The Fly (1958)"],
        ["Flyer (1986)"],
        ["The Fly (1986)", "Fly, The (1986)"],
        ["The Fly (1985)", "The Fly (1987)"],
        ["The Fly (1986)", "Fly, The (1986)", "The Fly (1987)"],
    ],
)
def test_another_film_or_one_of_several_is_not(rows: list[str]) -> None:
    assert recognised("The Fly", 1986, *rows) == []


def test_the_right_year_comes_before_one_beside_it() -> None:
    assert recognised("Emma", 1996, "Emma (1995)", "Emma (1996)", "Emma (1997)") == [2]


def test_a_film_is_recognised_as_one_only() -> None:
    listed = [Listed(1, "Dracula", 1931)]

    found = recognise(listed, [known("Dracula", 1930), known("Dracula", 1931)])

    assert found[1].year == 1931


@pytest.mark.django_db
class TestWriting:
    def test_an_import_fills_in_what_it_recognises(self, tmp_path: Path) -> None:
        report = import_movielens(folder(tmp_path / "ml", csv_files()))

        toy_story = Movie.objects.get(pk=1)
        assert (toy_story.country, toy_story.runtime) == ("United States", 81)
        assert [
            (credit.person.name, credit.role, credit.position)
            for credit in toy_story.credits.select_related("person")
        ] == [
            ("Tom Hanks", "cast", 0),
            ("Tim Allen", "cast", 1),
            ("John Lasseter", "director", 0),
        ]
        assert toy_story.title == "Toy Story"
        assert report.enriched == Movie.objects.exclude(country="").count()

    def test_nothing_is_overwritten(self, tmp_path: Path) -> None:
        import_movielens(folder(tmp_path / "ml", csv_files()))
        Movie.objects.filter(pk=1).update(country="Wonderland")
        Credit.objects.filter(movie=1, role="director").delete()
        ada = Person.objects.create(name="Ada")
        Credit.objects.create(movie_id=1, person=ada, role=Credit.Role.DIRECTOR)

        enrich()

        toy_story = Movie.objects.get(pk=1)
        assert (toy_story.country, toy_story.runtime) == ("Wonderland", 81)
        assert [each.person for each in toy_story.credits.filter(role="director")] == [ada]
        assert toy_story.credits.filter(role="cast").count() == 2

    def test_doing_it_again_changes_nothing(self, tmp_path: Path) -> None:
        import_movielens(folder(tmp_path / "ml", csv_files()))
        before = list(Credit.objects.order_by("id").values_list())

        enrich()

        assert list(Credit.objects.order_by("id").values_list()) == before

    def test_it_takes_few_statements(self, tmp_path: Path) -> None:
        import_movielens(folder(tmp_path / "ml", csv_files()))
        Credit.objects.all().delete()

        with CaptureQueriesContext(connection) as captured:
            enrich()

        assert len(captured) < 12
