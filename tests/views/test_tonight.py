"""One film of the watchlist for this evening."""

import re
from collections import Counter

import pytest
from django.test import Client

from recommendations.models import Mark, Movie, TrainedModel, Viewer
from recommendations.tasks import run_prediction
from recommendations.tonight import drawn

FILMS = [10, 11, 45, 50, 60]


@pytest.fixture
def wanting(alice: Viewer) -> Viewer:
    """Alice, with a watchlist."""
    for film in FILMS:
        Mark.put(alice, Movie.objects.get(pk=film), Mark.Kind.WATCHLIST)
    return alice


def chosen(client: Client, path: str) -> int:
    choice = client.get(path).context["choice"]
    film: int = choice.movie.pk
    return film


def evening(client: Client, path: str) -> list[int]:
    """The films of twice as many turns as there are films, by following *Another*."""
    shown = []
    for _ in range(2 * len(FILMS)):
        page = client.get(path)
        shown.append(page.context["choice"].movie.pk)
        path = page.context["evening"].another
        assert path.replace("&", "&amp;") in page.content.decode()
    return shown


def test_another_shows_all_before_any_comes_again(alice_client: Client, wanting: Viewer) -> None:
    for seed in range(5):
        shown = evening(alice_client, f"/tonight/?seed={seed}")
        assert sorted(shown[:5]) == FILMS
        assert sorted(shown[5:]) == FILMS
        assert shown[4] != shown[5]


def test_the_same_address_shows_the_same_film(alice_client: Client, wanting: Viewer) -> None:
    assert len({chosen(alice_client, "/tonight/?seed=7&turn=2") for _ in range(5)}) == 1


def test_evenings_differ(alice_client: Client, wanting: Viewer) -> None:
    seeds = {alice_client.get("/tonight/").context["evening"].seed for _ in range(5)}
    assert len(seeds) > 1
    assert len({chosen(alice_client, f"/tonight/?seed={seed}") for seed in range(10)}) > 1


def test_the_better_liked_come_first_more_often() -> None:
    first = Counter(drawn({1: 4.5, 2: 3.5, 3: 2.5}, seed)[0] for seed in range(500))
    assert first[1] > first[2] > first[3] > 0
    assert first[1] / first[2] == pytest.approx(4, rel=0.4)


def test_it_says_what_is_predicted_and_why(
    alice_client: Client, wanting: Viewer, active_model: TrainedModel
) -> None:
    alice_client.get("/")
    run_prediction(wanting.predictions.get().pk)
    page = alice_client.get("/tonight/?seed=1")
    choice = page.context["choice"]
    stars = wanting.scores.predicted_stars(FILMS)
    assert choice.stars == stars[choice.movie.pk]
    assert choice.rank == sorted(stars, key=lambda film: -stars[film]).index(choice.movie.pk) + 1
    said = re.sub(r"\s+", " ", page.content.decode())
    assert "Drawn from 5 films on your watchlist" in said
    assert f"number {choice.rank} of 5 by stars" in said
    assert wanting.predictions.count() == 1


def test_not_tonight_is_heeded_until_all_are_turned_down(
    alice_client: Client, wanting: Viewer
) -> None:
    path, refused = "/tonight/?seed=3", []
    for _ in FILMS:
        page = alice_client.get(path)
        film = page.context["choice"].movie.pk
        assert film not in refused
        refused.append(film)
        path = page.context["without"]
    page = alice_client.get(path)
    assert page.context["choice"] is None
    assert "That was all" in page.content.decode()
    assert wanting.marks.count() == 5
    assert alice_client.get(page.context["evening"].anew).context["choice"]


def test_a_film_turned_down_leaves_the_order_of_the_others() -> None:
    stars = dict.fromkeys(range(20), 3.0)
    order = drawn(stars, 5)
    gone = order.pop(4)
    del stars[gone]
    assert drawn(stars, 5) == order


def test_what_was_seen_leaves_the_watchlist(alice_client: Client, wanting: Viewer) -> None:
    page = alice_client.get("/tonight/?seed=3")
    film, here = page.context["choice"].movie.pk, page.context["evening"].url
    page = alice_client.post(f"/tonight/{film}/seen/", {"next": here}, follow=True)
    assert page.redirect_chain == [(here, 302)]
    assert page.context["choice"].movie.pk != film
    assert wanting.marks.get(movie=film).kind == Mark.Kind.SEEN


def test_an_evening_has_only_so_many_minutes(alice_client: Client, wanting: Viewer) -> None:
    assert 'name="minutes"' not in alice_client.get("/tonight/").content.decode()
    Movie.objects.filter(pk=10).update(runtime=95)
    Movie.objects.filter(pk=11).update(runtime=180)
    assert 'name="minutes"' in alice_client.get("/tonight/").content.decode()
    for seed in range(10):
        assert chosen(alice_client, f"/tonight/?seed={seed}&minutes=100") == 10
    page = alice_client.get("/tonight/?seed=3&minutes=60")
    assert "No film is known to be that short" in page.content.decode()
    assert alice_client.get(page.context["evening"].any_length).context["choice"]


@pytest.mark.parametrize(
    "query",
    [
        "?seed=x&turn=-1&minutes=0&not=a,,5",
        "?seed=99999999999999999999&turn=²&minutes=1e3",
        f"?seed=1&not={','.join(map(str, range(5000, 9000)))}",
    ],
)
def test_an_address_that_makes_no_sense_is_no_error(
    alice_client: Client, wanting: Viewer, query: str
) -> None:
    page = alice_client.get(f"/tonight/{query}")
    assert page.context["choice"].movie.pk in FILMS
    assert len(page.context["evening"].url) < 1000


def test_who_wants_nothing_yet_is_offered_a_film(client: Client, catalogue: None) -> None:
    page = client.get("/tonight/")
    offer = page.context["offer"]
    assert "Your watchlist is empty" in page.content.decode()
    page = client.post(
        f"/lists/watchlist/{offer.movie.pk}/put/", {"next": "/tonight/"}, follow=True
    )
    assert page.context["choice"].movie == offer.movie
    assert not page.context["choice"].others


def test_the_offer_is_the_top_pick(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    alice_client.get("/")
    run = alice.predictions.get()
    run_prediction(run.pk)
    run.refresh_from_db()
    offer = alice_client.get("/tonight/").context["offer"]
    assert offer.movie.pk == run.result["top-picks"]["items"][0]["movie"]
    assert offer.because


def test_an_empty_catalogue_offers_nothing(client: Client, db: None) -> None:
    assert client.get("/tonight/").status_code == 200


def test_a_stranger_marks_nothing_as_seen(client: Client, catalogue: None) -> None:
    client.post("/tonight/10/seen/")
    assert client.post("/tonight/4040/seen/").status_code == 404
    assert not Viewer.objects.filter(kind=Viewer.Kind.GUEST).exists()
