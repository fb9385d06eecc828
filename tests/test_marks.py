"""What marks say, what they contradict, and what a run makes of them."""

import numpy as np
import pytest

from recommendations import training
from recommendations.models import Mark, Movie, Prediction, Scores, TrainedModel, Viewer
from recommendations.models.marks import Opinion, evidence, kinds_of, unwanted
from recommendations.models.prediction import HOME, film_key
from recommendations.models.taste import Taste
from recommendations.pipeline import requests
from recommendations.tasks import run_prediction
from tests.algorithms import Interrupted
from tests.conftest import CRIME, LONG_AGO, train

Kind = Mark.Kind


def film(number: int) -> Movie:
    return Movie.objects.get(pk=number)


def run(viewer: Viewer, key: str = HOME) -> dict[str, dict[str, object]]:
    """The result of a run asked for now."""
    row = requests.ensure(viewer, key).in_flight
    assert row
    run_prediction(row.pk)
    result: dict[str, dict[str, object]] = Prediction.objects.get(pk=row.pk).result
    return result


def picked(result: dict[str, dict[str, object]]) -> set[int]:
    return {item["movie"] for part in result.values() for item in part["items"]}  # type: ignore[attr-defined]


def test_a_mark_is_put_once_and_taken_back_once(alice: Viewer) -> None:
    assert Mark.put(alice, film(10), Kind.HIDDEN)
    assert not Mark.put(alice, film(10), Kind.HIDDEN)
    assert Mark.take_back(alice, film(10), Kind.HIDDEN)
    assert not Mark.take_back(alice, film(10), Kind.HIDDEN)


@pytest.mark.parametrize(
    ("kind", "moves"),
    [
        (Kind.SEEN, False),
        (Kind.WATCHLIST, False),
        (Kind.HIDDEN, False),
        (Kind.LESS, True),
        (Kind.MORE, True),
    ],
)
def test_only_more_and_less_move_the_taste(alice: Viewer, kind: Mark.Kind, moves: bool) -> None:
    version = alice.taste_version
    Mark.put(alice, film(10), kind)
    assert alice.taste_version == version + moves
    Mark.take_back(alice, film(10), kind)
    assert alice.taste_version == version + 2 * moves


@pytest.mark.parametrize(
    ("before", "put", "after"),
    [
        (Kind.WATCHLIST, Kind.SEEN, {Kind.SEEN}),
        (Kind.WATCHLIST, Kind.HIDDEN, {Kind.HIDDEN}),
        (Kind.WATCHLIST, Kind.LESS, {Kind.LESS}),
        (Kind.HIDDEN, Kind.WATCHLIST, {Kind.WATCHLIST}),
        (Kind.SEEN, Kind.WATCHLIST, {Kind.SEEN, Kind.WATCHLIST}),
        (Kind.MORE, Kind.LESS, {Kind.LESS}),
        (Kind.LESS, Kind.MORE, {Kind.MORE}),
        (Kind.MORE, Kind.HIDDEN, {Kind.MORE, Kind.HIDDEN}),
    ],
)
def test_a_mark_takes_back_what_it_contradicts(
    alice: Viewer, before: Mark.Kind, put: Mark.Kind, after: set[Mark.Kind]
) -> None:
    Mark.put(alice, film(10), before)
    Mark.put(alice, film(10), put)
    assert kinds_of(alice, film(10)) == after


def test_a_rating_says_more_than_all_marks_of_its_film(alice: Viewer) -> None:
    for kind in (Kind.WATCHLIST, Kind.MORE):
        Mark.put(alice, film(10), kind)
    Mark.put(alice, film(11), Kind.WATCHLIST)
    alice.rate(film(10), 2.0)
    assert list(alice.marks.values_list("movie_id", flat=True)) == [11]
    assert evidence(alice)[10] == 2.0


@pytest.mark.parametrize("kind", [Kind.SEEN, Kind.MORE, Kind.LESS])
def test_what_stars_say_already_is_not_marked(alice: Viewer, kind: Mark.Kind) -> None:
    version = alice.taste_version
    assert not Mark.put(alice, film(1), kind)
    assert not alice.marks.exists()
    assert alice.taste_version == version


def test_a_rated_film_can_be_hidden_and_put_on_the_watchlist(alice: Viewer) -> None:
    assert Mark.put(alice, film(1), Kind.WATCHLIST)
    assert Mark.put(alice, film(1), Kind.HIDDEN)


def test_evidence_is_the_ratings_and_the_films_that_were_chosen(alice: Viewer) -> None:
    for kind in (Kind.SEEN, Kind.WATCHLIST, Kind.HIDDEN, Kind.LESS, Kind.MORE):
        Mark.put(alice, film(10 + list(Kind).index(kind)), kind)
    assert evidence(alice) == {1: 5.0, 2: 5.0, 3: 5.0, 4: 5.0, 14: 4.5, 41: 1.0, 42: 1.0}
    assert unwanted(alice) == [13]


def test_what_is_chosen_counts_as_liked(alice: Viewer, bob: Viewer) -> None:
    Mark.put(alice, film(10), Kind.MORE)
    Mark.put(bob, film(10), Kind.LESS)
    assert alice.taste() == Taste(ratings=6, liked=5, chosen=1)
    assert bob.taste() == Taste()
    assert not bob.has_taste()


def test_an_opinion_is_put_back_as_it_was(alice: Viewer) -> None:
    Mark.put(alice, film(10), Kind.WATCHLIST)
    before = Opinion.of(alice, film(10))
    alice.rate(film(10), 3.0)
    before.restore(alice, film(10))
    assert Opinion.of(alice, film(10)) == before == Opinion(None, frozenset({Kind.WATCHLIST}))


def test_an_opinion_that_is_as_it_was_moves_nothing(alice: Viewer) -> None:
    version = alice.taste_version
    Opinion.of(alice, film(1)).restore(alice, film(1))
    assert alice.taste_version == version


def test_what_is_out_of_sight_is_not_picked(active_model: TrainedModel, alice: Viewer) -> None:
    gone = dict(zip((10, 11, 12), (Kind.SEEN, Kind.HIDDEN, Kind.LESS), strict=True))
    for number, kind in gone.items():
        Mark.put(alice, film(number), kind)
    Mark.put(alice, film(13), Kind.WATCHLIST)
    films = picked(run(alice))
    assert not films & set(gone)
    assert 13 in films


def test_a_film_that_was_chosen_may_be_recommended_but_not_for_itself(
    active_model: TrainedModel, alice: Viewer
) -> None:
    Mark.put(alice, film(10), Kind.MORE)
    items = run(alice)["top-picks"]["items"]
    [chosen] = [item for item in items if item["movie"] == 10]  # type: ignore[attr-defined]
    assert 10 not in chosen["because"]


def test_one_who_only_chose_films_gets_picks_of_their_kind(
    active_model: TrainedModel, bob: Viewer
) -> None:
    for number in (1, 2, 3):
        Mark.put(bob, film(number), Kind.MORE)
    result = run(bob)
    assert result["top-picks"]["reason"] == "ranked from 3 films that you chose"
    assert result["because-you-liked"]["title"] == "Because you liked Crime story #3"
    first = [item["movie"] for item in result["top-picks"]["items"][:8]]  # type: ignore[index]
    assert set(first) <= set(CRIME)


def test_the_reason_counts_ratings_and_choices_apart(
    active_model: TrainedModel, alice: Viewer
) -> None:
    Mark.put(alice, film(10), Kind.MORE)
    reason = run(alice)["top-picks"]["reason"]
    assert reason == "ranked from 6 of your ratings and 1 film that you chose"


def test_a_film_is_not_said_to_be_rated_when_it_was_chosen(
    active_model: TrainedModel, bob: Viewer
) -> None:
    Mark.put(bob, film(1), Kind.MORE)
    told = run(bob, film_key(5))["film"]
    assert told["because"] == [[1, None]]
    assert (told["ratings"], told["chosen"]) == (0, 1)


def test_watch_again_leaves_out_what_was_hidden(active_model: TrainedModel, bob: Viewer) -> None:
    for number in range(1, 8):
        bob.rate(film(number), 5.0, LONG_AGO)
    Mark.put(bob, film(3), Kind.HIDDEN)
    items = run(bob)["watch-again"]["items"]
    assert {item["movie"] for item in items} == {1, 2, 4, 5, 6, 7}  # type: ignore[attr-defined]


@pytest.mark.parametrize("algorithm", ["ease", "svd", "popularity", "hybrid"])
def test_less_lowers_the_films_like_it_and_no_other(
    catalogue: None, alice: Viewer, algorithm: str
) -> None:
    training.train(algorithm).activate()
    run(alice)
    before = Scores.objects.get(viewer=alice)
    Mark.put(alice, film(10), Kind.LESS)
    run(alice)
    after = Scores.objects.get(viewer=alice)
    loaded = training.load_active()
    assert loaded
    near = [other for other, _ in loaded.model.similar(9, 50)]
    far = np.setdiff1d(np.arange(80), near)
    fell = np.frombuffer(before.fit, np.float16) - np.frombuffer(after.fit, np.float16)
    assert fell[near[0]] == fell.max() > 0
    assert (fell[near] > 0).all()
    assert (fell[far] == 0).all()


def test_the_stars_of_the_nearest_film_fall_by_half_a_star_wherever_they_are_shown(
    active_model: TrainedModel, alice: Viewer
) -> None:
    loaded = training.load_active()
    assert loaded
    nearest = loaded.model.similar(59, 1)[0].film + 1
    before = run(alice, film_key(nearest))["film"]["stars"]
    Mark.put(alice, film(60), Kind.LESS)
    run(alice)
    shown = Scores.objects.get(viewer=alice).predicted_stars([nearest])[nearest]
    told = run(alice, film_key(nearest))["film"]["stars"]
    assert isinstance(before, float)
    assert told == pytest.approx(max(0.5, before - 0.5), abs=0.02)
    assert shown == pytest.approx(told, abs=0.02)


def test_a_film_chosen_during_a_run_is_followed_by_a_successor(
    catalogue: None, bob: Viewer
) -> None:
    train("interrupted")
    Mark.put(bob, film(1), Kind.MORE)
    Interrupted.meanwhile = lambda: Mark.put(bob, film(2), Kind.MORE)
    try:
        run(bob)
    finally:
        Interrupted.meanwhile = None
    assert Prediction.objects.in_flight().get().taste_version == bob.taste_version
