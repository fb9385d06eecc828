"""Films, and what is worked out about them."""

import pytest

from recommendations.models import Movie, Rating
from recommendations.models.catalogue import PRIOR_COUNT, PRIOR_STARS
from recommendations.models.taste import recount


@pytest.mark.parametrize(
    ("title", "short", "others"),
    [
        ("Heat", "Heat", ""),
        ("Seven (a.k.a. Se7en)", "Seven", "(a.k.a. Se7en)"),
        ("Amelie (Le Fabuleux destin d'Amélie Poulain)", "Amelie", None),
        ("(500) Days of Summer", "(500) Days of Summer", ""),
        ("Birdman: Or (The Unexpected Virtue)", "Birdman: Or (The Unexpected Virtue)", ""),
        ("(A)sexual", "(A)sexual", ""),
        ("Léon: The Professional (The Professional) (Léon)", "Léon: The Professional", None),
    ],
)
def test_names_in_brackets_are_set_apart(title: str, short: str, others: str | None) -> None:
    movie = Movie(title=title)
    assert movie.short_title == short
    assert movie.other_titles == (title.removeprefix(short).strip() if others is None else others)


def test_means_follow_from_count_and_sum(catalogue: None) -> None:
    movie = Movie.objects.get(pk=5)
    given = list(movie.ratings.values_list("stars", flat=True))
    assert movie.mean_stars == pytest.approx(sum(given) / len(given))
    damped = (sum(given) + PRIOR_COUNT * PRIOR_STARS) / (len(given) + PRIOR_COUNT)
    assert movie.damped_mean == pytest.approx(damped)


def test_a_film_without_ratings_has_no_mean(db: None) -> None:
    movie = Movie.objects.create(id=1, title="Unseen")
    movie.refresh_from_db()
    assert movie.mean_stars is None
    assert movie.damped_mean == PRIOR_STARS


def test_counting_anew_finds_what_was_counted(catalogue: None) -> None:
    counted = list(Movie.objects.values_list("pk", "rating_count", "stars_sum"))
    Movie.objects.update(rating_count=0, stars_sum=0)
    assert recount(Movie.objects.all()) == len(counted)
    assert list(Movie.objects.values_list("pk", "rating_count", "stars_sum")) == counted
    assert sum(count for _, count, _ in counted) == Rating.objects.count()


def test_new_counts_back_from_the_newest_film(catalogue: None) -> None:
    years = set(Movie.objects.new_and_well_liked().values_list("year", flat=True))
    assert years == {2017, 2018, 2019, 2020}
