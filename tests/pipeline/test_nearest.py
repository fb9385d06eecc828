"""Who is near in taste: by what is rated alike, not by how much is rated or how highly."""

import numpy as np
import pytest

from recommendations.models import Mark, Movie, Rating, Viewer
from recommendations.models.taste import recount
from recommendations.pipeline import nearest
from recommendations.pipeline.nearest import candidates, centred, correlations, least_common
from tests.conftest import CRIME


@pytest.fixture
def everybody(catalogue: None) -> dict[str, Viewer]:
    """Beside the viewers of the catalogue, five who alone rated ten films, or four of them."""
    taste: dict[str, list[float]] = {
        "me": [5, 5, 5, 5, 5, 1, 1, 1, 1, 1],
        "strict": [4, 4, 4, 4, 4, 0.5, 0.5, 0.5, 0.5, 0.5],
        "opposite": [1, 1, 1, 1, 1, 5, 5, 5, 5, 5],
        "satisfied": [5] * 10,
        "brief": [5, 5, 1, 1],
    }
    people = {}
    for number, (name, given) in enumerate(taste.items(), start=900):
        people[name] = Viewer.objects.create(
            kind=Viewer.Kind.IMPORTED, imported_id=number, display_name=name
        )
        for film, stars in enumerate(given, start=500):
            movie, _ = Movie.objects.get_or_create(id=film, defaults={"title": f"Rare {film}"})
            Rating.objects.create(viewer=people[name], movie=movie, stars=stars)
    recount(Movie.objects.all())
    return people


def names(viewer: Viewer) -> list[str]:
    found = nearest.nearest(viewer)["viewers"]
    return [Viewer.objects.get(pk=each["viewer"]).display_name for each in found]


def test_who_rates_alike_is_near_however_strictly(everybody: dict[str, Viewer]) -> None:
    assert names(everybody["me"]) == ["strict"]


def test_nearness_is_the_shrunk_correlation(everybody: dict[str, Viewer]) -> None:
    [strict] = nearest.nearest(everybody["me"])["viewers"]
    mine = [5] * 5 + [1] * 5
    theirs = [4] * 5 + [0.5] * 5
    means = list(
        Movie.objects.filter(pk__gte=500).order_by("pk").values_list("damped_mean", flat=True)
    )
    expected = np.corrcoef(np.subtract(mine, means), np.subtract(theirs, means))[0, 1] * 10 / 35
    assert strict["nearness"] == pytest.approx(expected, abs=1e-3)
    assert (strict["shared"], strict["agreed"]) == (10, 10)


def test_correlations_within_groups_are_pearsons() -> None:
    random = np.random.default_rng(3)
    group = np.repeat([0, 1, 2], [4, 9, 5])
    one, other = random.normal(size=(2, 18))
    found = correlations(group, centred(group, one), centred(group, other))
    for number in range(3):
        expected = np.corrcoef(one[group == number], other[group == number])[0, 1]
        assert found[number] == pytest.approx(expected)


def test_a_viewer_who_gives_every_film_the_same_is_near_to_nobody(
    everybody: dict[str, Viewer],
) -> None:
    same = np.zeros(5)
    assert correlations(np.zeros(5, int), same, np.arange(5.0)).tolist() == [0]


def test_guests_and_copies_are_nobodys_neighbours(everybody: dict[str, Viewer]) -> None:
    guest = Viewer.objects.create(display_name="guest")
    guest.copy_taste(everybody["strict"])
    assert names(everybody["me"]) == ["strict"]


def test_a_copy_is_not_near_to_whom_it_was_copied_from(everybody: dict[str, Viewer]) -> None:
    guest = Viewer.objects.create(display_name="guest")
    guest.copy_taste(everybody["me"])
    assert names(guest) == ["strict"]


def test_only_so_many_ratings_are_looked_through(
    everybody: dict[str, Viewer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rarest films come first; of a blockbuster alone, its raters are looked through."""
    me = everybody["me"]
    for film in CRIME:
        me.rate(Movie.objects.get(pk=film), 4.0)
    monkeypatch.setattr(nearest, "LOOKED_THROUGH", 20)
    few = least_common(me)
    counts = Movie.objects.in_bulk(few)
    assert few
    assert sum(movie.rating_count for movie in counts.values()) <= 20
    assert min(few) >= 500
    monkeypatch.setattr(nearest, "LOOKED_THROUGH", 1)
    assert len(least_common(me)) == 1


def test_only_so_many_viewers_are_compared(
    everybody: dict[str, Viewer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest, "COMPARED", 2)
    assert len(candidates(everybody["me"])) == 2


def test_films_that_are_recommended_are_new_and_named_once(catalogue: None) -> None:
    viewer = Viewer.objects.get(imported_id=1)
    seen = viewer.ratings.values_list("movie_id", flat=True)
    hidden = Movie.objects.exclude(pk__in=seen)[0]
    Mark.put(viewer, hidden, Mark.Kind.HIDDEN)
    found = nearest.nearest(viewer)["viewers"]
    offered = [film for each in found for film in each["theirs"]]
    assert offered
    assert len(offered) == len(set(offered))
    assert not {hidden.pk, *seen} & set(offered)
    for each in found:
        loved = Rating.objects.filter(viewer=each["viewer"], stars__gte=4)
        assert {*each["both"], *each["theirs"]} <= set(loved.values_list("movie_id", flat=True))


def test_who_has_rated_what_nobody_knows_has_nobody(catalogue: None) -> None:
    hermit = Viewer.objects.create(display_name="hermit", kind=Viewer.Kind.IMPORTED)
    for film in range(700, 710):
        hermit.rate(Movie.objects.create(id=film, title=f"Only mine {film}"), 4.0)
    assert nearest.nearest(hermit) == {"compared": 0, "viewers": []}
