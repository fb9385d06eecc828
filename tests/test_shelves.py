"""Which films each shelf that a run fills is made of, for a viewer whose scores are known."""

from collections.abc import Iterable
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recommendations import shelves, training
from recommendations.models import Credit, Movie, Person, TrainedModel, Viewer
from recommendations.shelves import SHELVES, Picked, Scored
from tests.conftest import CRIME, FILMS, LONG_AGO, ROMANCE

YEARS = timedelta(days=365)


@pytest.fixture
def fan(active_model: TrainedModel, bob: Viewer) -> Viewer:
    """Rates six crime films 4.5, five of the 1950s, and six romances 2.0; the mean is 3.25."""
    rate(bob, [10, 11, 12, 13, 14, 40], 4.5)
    rate(bob, ROMANCE[:6], 2.0)
    return bob


def rate(viewer: Viewer, films: Iterable[int], stars: float) -> None:
    for movie in Movie.objects.filter(pk__in=films):
        viewer.rate(movie, stars, LONG_AGO)


def scored(viewer: Viewer, stars: dict[int, float] | None = None) -> Scored:
    """All films 3.0 and as good as each other, but for these predicted stars by film id."""
    loaded = training.load_active()
    assert loaded
    rated = viewer.ratings.order_by("movie_id").values_list("movie_id", "stars")
    films, given = zip(*rated, strict=True) if rated else ((), ())
    history = loaded.model.history(np.array(films, np.int32), np.array(given, np.float32))
    predicted = np.array([(stars or {}).get(film, 3.0) for film in FILMS], np.float32)
    return Scored.of(viewer, loaded.model, history, predicted, predicted)


def filled(slug: str, known: Scored) -> Picked:
    shelf = SHELVES[slug]
    assert isinstance(shelf, shelves.ModelShelf)
    return shelf.fill(known)


def ids(picked: Picked) -> list[int]:
    return [FILMS[film] for film in picked.films]


def seen_by(count: int, films: range) -> None:
    Movie.objects.filter(pk__in=films).update(rating_count=count)


def direct(name: str, films: range) -> None:
    person = Person.objects.create(name=name)
    for film in films:
        Credit.objects.create(movie_id=film, person=person, role=Credit.Role.DIRECTOR)


def test_hidden_gems_are_seen_by_few_but_not_by_next_to_nobody(fan: Viewer) -> None:
    seen_by(100, FILMS)
    seen_by(40, range(20, 23))
    seen_by(41, range(23, 26))
    seen_by(5, range(26, 29))
    seen_by(4, range(29, 32))
    picked = filled("hidden-gems", scored(fan, dict.fromkeys(range(20, 32), 4.5)))
    assert set(ids(picked)) == {20, 21, 22, 26, 27, 28}


def test_hidden_gems_are_seen_by_fewer_than_most_films_are(fan: Viewer) -> None:
    seen_by(20, FILMS)
    seen_by(12, range(20, 26))
    seen_by(21, range(26, 32))
    picked = filled("hidden-gems", scored(fan, dict.fromkeys(range(20, 32), 4.5)))
    assert ids(picked) == list(range(20, 26))


def test_hidden_gems_are_predicted_clearly_above_the_mean(fan: Viewer) -> None:
    seen_by(12, FILMS)
    predicted = dict.fromkeys(range(20, 26), 3.5) | dict.fromkeys(range(26, 32), 3.4)
    assert ids(filled("hidden-gems", scored(fan, predicted))) == list(range(20, 26))


def test_a_hidden_gem_that_fewer_have_seen_must_be_predicted_more(fan: Viewer) -> None:
    seen_by(20, FILMS)
    seen_by(5, range(20, 22))
    predicted = dict.fromkeys(range(21, 30), 4.5) | {20: 5.0}
    picked = ids(filled("hidden-gems", scored(fan, predicted)))
    assert picked == [*range(22, 30), 20, 21]


def test_the_favourite_genre_is_named_with_its_reason(fan: Viewer) -> None:
    picked = filled("favourite", scored(fan, {20: 5.0, 30: 4.0}))
    assert picked.title == "More Crime"
    assert picked.reason == "you rate them 1.2 stars above your mean"
    assert ids(picked)[:2] == [20, 30]
    assert set(ids(picked)) <= set(CRIME) - {10, 11, 12, 13, 14, 40}


def test_the_second_favourite_is_of_another_kind(fan: Viewer) -> None:
    known = scored(fan)
    first, second = filled("favourite", known), filled("favourite-too", known)
    assert (first.title, second.title) == ("More Crime", "More from the 1950s")
    assert {Movie.objects.get(pk=film).year for film in ids(second)} <= set(range(1950, 1960))


def test_a_director_of_three_films_that_were_loved_is_a_favourite(
    active_model: TrainedModel, bob: Viewer
) -> None:
    direct("Agnès Varda", range(38, 50))
    rate(bob, range(39, 42), 5.0)
    rate(bob, range(1, 4), 1.0)
    picked = filled("favourite", scored(bob))
    assert (picked.title, len(picked.films)) == ("More by Agnès Varda", 9)
    assert picked.reason == "you rate them 2.0 stars above your mean"


def test_of_many_ratings_a_smaller_difference_counts_more(
    active_model: TrainedModel, bob: Viewer
) -> None:
    direct("Agnès Varda", range(38, 50))
    rate(bob, range(39, 42), 5.0)
    rate(bob, range(1, 39), 4.5)
    rate(bob, range(42, 81, 2), 1.0)
    assert filled("favourite", scored(bob)).title != "More by Agnès Varda"


def test_two_films_of_a_director_make_no_favourite(
    active_model: TrainedModel, bob: Viewer
) -> None:
    direct("Agnès Varda", range(30, 50))
    rate(bob, range(39, 41), 4.5)
    rate(bob, range(1, 4), 3.0)
    assert filled("favourite", scored(bob)).films == []


def test_a_small_difference_makes_no_favourite(active_model: TrainedModel, bob: Viewer) -> None:
    direct("Agnès Varda", range(30, 50))
    rate(bob, range(38, 41), 4.0)
    rate(bob, range(1, 4), 3.5)
    assert filled("favourite", scored(bob)).films == []


def test_a_favourite_with_too_few_films_left_gives_way(
    active_model: TrainedModel, bob: Viewer
) -> None:
    direct("Agnès Varda", range(1, 9))
    rate(bob, range(1, 6), 5.0)
    rate(bob, range(10, 40, 3), 3.0)
    rate(bob, ROMANCE[:10], 1.0)
    known = scored(bob)
    titles = [favourite.title for favourite in known.groups]
    assert titles == ["More from the 1940s", "More by Agnès Varda", "More Crime"]
    assert filled("favourite", known).title == "More Crime"


def test_watch_again_shows_what_was_loved_long_ago_the_best_first(
    active_model: TrainedModel, bob: Viewer
) -> None:
    rate(bob, range(1, 7), 4.5)
    rate(bob, range(7, 9), 4.0)
    bob.rate(Movie.objects.get(pk=9), 5.0, timezone.now() - YEARS)
    bob.rate(Movie.objects.get(pk=10), 5.0, timezone.now() - 3 * YEARS)
    picked = filled("watch-again", scored(bob, {3: 4.5, 10: 4.0}))
    assert ids(picked) == [3, 10, 1, 2, 4, 5, 6]


def test_four_films_to_watch_again_are_no_shelf(active_model: TrainedModel, bob: Viewer) -> None:
    rate(bob, range(1, 5), 5.0)
    assert filled("watch-again", scored(bob)).films == []


def test_no_film_to_watch_again_is_its_own_reason(fan: Viewer) -> None:
    known = scored(fan)
    items = filled("watch-again", known).as_json(known)["items"]
    assert items
    assert all(item["movie"] not in item["because"] for item in items)


def test_what_a_shelf_above_shows_is_no_gem_and_of_no_favourite(fan: Viewer) -> None:
    seen_by(12, FILMS)
    known = scored(fan, dict.fromkeys(range(20, 40), 4.5))
    known.take([FILMS.index(film) for film in range(20, 25)])
    assert ids(filled("hidden-gems", known)) == list(range(25, 40))
    assert not set(ids(filled("favourite", known))) & set(range(20, 25))


def test_a_viewer_of_no_ratings_has_no_such_shelf(active_model: TrainedModel, bob: Viewer) -> None:
    for slug in ("favourite", "favourite-too", "hidden-gems", "watch-again"):
        assert filled(slug, scored(bob)).films == []


def test_the_number_of_queries_does_not_depend_on_that_of_films_or_favourites(
    fan: Viewer,
) -> None:
    direct("Agnès Varda", range(1, 40))
    few = queries_of(fan)
    for number, film in enumerate(range(1, 40, 3)):
        direct(f"Director {number}", range(film, film + 3))
    rate(fan, range(7, 40), 4.5)
    assert queries_of(fan) == few


def queries_of(viewer: Viewer) -> int:
    scored(viewer)  # reads the franchises once
    with CaptureQueriesContext(connection) as captured:
        known = scored(viewer)
        for slug in ("favourite", "favourite-too", "hidden-gems", "watch-again"):
            filled(slug, known)
    return len(captured)
