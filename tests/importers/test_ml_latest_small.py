from pathlib import Path

import pytest
from django.conf import settings

from recommendations.importers.movielens import import_movielens
from recommendations.importers.report import ImportReport
from recommendations.models import Movie, MovieTag, Rating, Viewer

SOURCE = Path(settings.BASE_DIR).parent / "shared" / "data" / "ml-latest-small.zip"


@pytest.mark.django_db
@pytest.mark.skipif(not SOURCE.is_file(), reason="ml-latest-small.zip is not in ../shared/data")
def test_all_of_ml_latest_small_is_imported_as_people_know_it() -> None:
    """In one test: importing it takes longer than all that is asked about it."""
    report = import_movielens(SOURCE)
    assert_nothing_is_missing(report)
    assert_films_are_called_what_people_call_them()
    assert_what_is_known_of_films_is_filled_in(report)


def assert_nothing_is_missing(report: ImportReport) -> None:
    assert (report.movies, report.ratings, report.viewers) == (9_742, 100_836, 610)
    assert (report.tags, report.bad_rows.count) == (3_683, 0)
    assert (Movie.objects.count(), Rating.objects.count()) == (9_742, 100_836)
    assert Viewer.objects.filter(kind=Viewer.Kind.IMPORTED).count() == 610
    assert sum(MovieTag.objects.values_list("count", flat=True)) == 3_683


def assert_films_are_called_what_people_call_them() -> None:
    shawshank = Movie.objects.get(pk=318)
    assert (shawshank.title, shawshank.year) == ("The Shawshank Redemption", 1994)
    assert (shawshank.rating_count, shawshank.mean_stars) == (317, pytest.approx(4.429, abs=0.001))
    assert str(Movie.objects.get(pk=29)) == (
        "The City of Lost Children (La Cité des enfants perdus) (1995)"
    )
    assert Movie.objects.filter(year=None).count() == 12
    assert Movie.objects.filter(genres=None).count() == 34


def assert_what_is_known_of_films_is_filled_in(report: ImportReport) -> None:
    assert report.enriched > 1_000
    heat = Movie.objects.get(pk=6)
    assert (heat.country, heat.runtime) == ("United States", 170)
    assert [str(credit.person) for credit in heat.credits.filter(role="director")] == [
        "Michael Mann"
    ]
    assert Movie.objects.exclude(country="").count() == report.enriched
