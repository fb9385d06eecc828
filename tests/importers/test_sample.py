"""The built-in sample: real films, ratings that say of themselves that they are simulated."""

from collections import Counter
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django.fixtures import Settings

from recommendations.importers.audience import simulate
from recommendations.importers.films import known_films
from recommendations.importers.movielens import import_movielens
from recommendations.importers.rows import TELLING_GENRES
from recommendations.importers.titles import names_of
from recommendations.models import Catalogue, Movie, Person, Rating, Viewer
from tests.importers.datasets import csv_files, folder

pytestmark = pytest.mark.once


@pytest.mark.django_db
class TestImporting:
    def test_it_is_imported_with_all_that_is_known_of_its_films(self) -> None:
        report = import_movielens("sample")

        assert (report.name, report.ratings, report.viewers) == ("sample", 60_000, 650)
        assert report.movies == report.enriched == Movie.objects.count() == len(known_films())
        assert Rating.objects.count() == 60_000
        first = Movie.objects.get(pk=1)
        film = known_films()[0]
        assert (first.title, first.year, first.country) == (film.title, film.year, film.country)
        names = first.credits.order_by("-role", "position").values_list("person__name", flat=True)
        assert list(names) == [*film.directors, *film.actors]
        assert str(report).endswith("These ratings are simulated: nobody gave them.")

    def test_it_is_known_as_simulated(self) -> None:
        import_movielens("sample")

        assert Catalogue.objects.get().simulated
        names = Viewer.objects.values_list("display_name", flat=True)
        assert all(name.startswith("Simulated viewer ") for name in names)

    def test_importing_it_again_changes_nothing(self) -> None:
        import_movielens("sample")
        before = list(Rating.objects.order_by("id").values_list())

        import_movielens("sample")

        assert list(Rating.objects.order_by("id").values_list()) == before
        assert not Viewer.objects.filter(taste_version__gt=0).exists()

    def test_real_ratings_can_take_its_place(self, tmp_path: Path) -> None:
        import_movielens("sample")

        import_movielens(folder(tmp_path / "ml", csv_files()), replace=True)

        assert not Catalogue.objects.get().simulated
        assert not Viewer.objects.filter(display_name__startswith="Simulated").exists()
        assert not Person.objects.filter(movies=None).exists()

    def test_training_on_it_says_so(self) -> None:
        import_movielens("sample")
        out = StringIO()

        call_command("train", "--algorithm", "popularity", stdout=out)

        assert "The ratings are simulated" in out.getvalue()


@pytest.mark.django_db
class TestLabels:
    def test_pages_say_that_the_ratings_are_simulated(
        self, client: Client, catalogue: None
    ) -> None:
        Catalogue.objects.create(name="sample", simulated=True)

        home = client.get("/").content.decode()
        assert "Simulated ratings: nobody gave them" in home
        assert "these viewers and their ratings are simulated" in home
        assert "MovieLens" not in home
        film = " ".join(client.get("/films/5/").content.decode().split())
        assert "ratings by simulated viewers" in film
        assert "how simulated viewers rated it" in film

    def test_pages_of_a_real_data_set_do_not(self, client: Client, catalogue: None) -> None:
        Catalogue.objects.create(name="ml-latest-small")

        for path in ("/", "/films/5/", "/browse/"):
            assert "imulated" not in client.get(path).content.decode()

    def test_the_admin_says_it_too(self, staff_client: Client) -> None:
        Catalogue.objects.create(name="sample", simulated=True)

        page = staff_client.get("/admin/recommendations/catalogue/")
        assert "Simulated ratings: nobody gave them" in page.content.decode()


def test_measuring_on_it_says_so() -> None:
    out = StringIO()

    call_command("evaluate", "--dataset", "sample", "--algorithms", "popularity", stdout=out)

    assert "These ratings are simulated" in out.getvalue().splitlines()[-1]


def test_searching_on_it_says_so(tmp_path: Path, settings: Settings) -> None:
    settings.DATA_DIR = tmp_path
    out = StringIO()

    call_command("tune", "ease", "--dataset", "sample", "--trials", "1", stdout=out)

    assert "These ratings are simulated" in out.getvalue().splitlines()[-1]


class TestTheAudience:
    def test_it_is_the_same_each_time(self) -> None:
        films = known_films()

        for one, other in zip(simulate(films), simulate(films), strict=True):
            assert (one == other).all()

    def test_nobody_rates_a_film_twice_or_before_it_is_out(self) -> None:
        given = simulate(known_films())
        released = np.array([film.year for film in known_films()])[given.films - 1]
        years = given.seconds.astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970

        assert len(set(zip(given.viewers.tolist(), given.films.tolist(), strict=True))) == 60_000
        assert (years >= released).all()
        assert set(years.tolist()) == set(range(1998, 2026))

    def test_its_ratings_are_spread_as_people_spread_theirs(self) -> None:
        given = simulate(known_films())

        assert 3.4 < given.stars.mean() < 3.7
        assert set(np.unique(given.stars)) == {half / 2 for half in range(1, 11)}
        assert np.bincount(given.viewers)[1:].min() >= 20


class TestTheFilms:
    def test_each_row_can_be_true(self) -> None:
        for film in known_films():
            assert film.title == film.title.strip() != ""
            assert 1890 < film.year <= 2025
            assert film.genres
            assert set(film.genres) <= set(TELLING_GENRES)
            assert film.directors
            assert film.country
            assert 10 < film.runtime < 600
            assert 1 <= film.fame <= 5

    def test_no_film_is_there_twice(self) -> None:
        names = Counter((names_of(film.title)[0], film.year) for film in known_films())

        assert [name for name, count in names.items() if count > 1] == []

    def test_nobody_is_credited_twice_for_the_same(self) -> None:
        for film in known_films():
            for names in (film.directors, film.actors):
                assert len(set(names)) == len(names)

    def test_they_are_in_order(self) -> None:
        order = [(film.year, film.title) for film in known_films()]

        assert order == sorted(order)
