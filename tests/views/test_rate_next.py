"""One film after another: what is asked, and what becomes of the answers."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from recommendations.asking import next_film
from recommendations.models import (
    Credit,
    Mark,
    Movie,
    Neighbours,
    Person,
    Prediction,
    Rating,
    TrainedModel,
    Viewer,
)
from recommendations.models.prediction import HOME
from recommendations.pipeline import requests
from recommendations.tasks import run_prediction
from recommendations.views.asking import answers
from tests.conftest import CRIME, FILMS


@pytest.fixture(autouse=True)
def crime_is_better_known(catalogue: None) -> None:
    """The lower the id, the more people rated the film."""
    for film in FILMS:
        Movie.objects.filter(pk=film).update(rating_count=200 - film)


def asked(client: Client, path: str = "/rate-next/") -> Any:
    return client.get(path).context["question"].movie


def answer(client: Client, film: int, **data: str) -> Any:
    return client.post(f"/rate-next/{film}/", data)


def skip(client: Client, film: int) -> None:
    assert answer(client, film, answer="skip")["Location"] == "/rate-next/"


def test_the_best_known_film_is_asked_about_first(client: Client) -> None:
    assert asked(client).pk == 1


def test_a_film_is_shown_with_what_one_recognises_it_by(client: Client) -> None:
    for name, role in (("Agnès Varda", "director"), ("Corinne Marchand", "cast")):
        person = Person.objects.create(name=name)
        Credit.objects.create(movie_id=1, person=person, role=role)
    html = client.get("/rate-next/").content.decode()
    for fact in ("1941", "Crime", "Agnès Varda", "Corinne Marchand", "/posters/1-"):
        assert fact in html


def test_what_was_rated_marked_or_skipped_is_not_asked_about(
    bob_client: Client, bob: Viewer
) -> None:
    bob.rate(Movie.objects.get(pk=1), 4.0)
    for film, kind in enumerate(Mark.Kind, start=2):
        Mark.put(bob, Movie.objects.get(pk=film), kind)
    assert asked(bob_client).pk == 7
    skip(bob_client, 7)
    answer(bob_client, 8, answer="unseen")
    assert asked(bob_client).pk == 9
    assert bob.ratings.count() == 1


def test_the_next_film_is_not_like_the_last(client: Client, active_model: TrainedModel) -> None:
    Neighbours.objects.filter(movie_id=1).update(films=[2, 3])
    skip(client, 1)
    assert asked(client).pk == 4


def test_films_that_are_like_the_last_come_when_no_other_is_left(
    active_model: TrainedModel,
) -> None:
    Neighbours.objects.filter(movie_id=1).update(films=[2, 3])
    Movie.objects.exclude(pk__in=[1, 2, 3]).update(rating_count=0)
    film = next_film(None, [1])
    assert film is not None
    assert film.pk == 2


def test_one_who_is_known_is_asked_about_what_the_scores_say_was_seen(
    alice: Viewer, active_model: TrainedModel
) -> None:
    for movie in Movie.objects.filter(pk__in=range(5, 10)):
        alice.rate(movie, 5.0)
    for film in FILMS:
        Movie.objects.filter(pk=film).update(rating_count=100 + film * 37 % 50)
    Movie.objects.filter(pk=60).update(rating_count=151)
    assert next_film(alice, []) == Movie.objects.get(pk=60)
    requests.ensure(alice, HOME)
    run_prediction(Prediction.objects.get().pk)
    likely = next_film(alice, [])
    assert likely is not None
    assert likely.pk in CRIME


def test_when_nothing_is_left_the_page_says_so(client: Client) -> None:
    Movie.objects.update(rating_count=0)
    assert b"Nothing is left to ask" in client.get("/rate-next/").content


def test_haven_t_seen_it_makes_nobody_a_guest(client: Client) -> None:
    viewers = Viewer.objects.count()
    answer(client, 1, answer="unseen")
    assert Viewer.objects.count() == viewers
    assert not Rating.objects.filter(viewer__kind=Viewer.Kind.GUEST).exists()
    assert asked(client).pk == 2


def test_the_session_remembers_no_more_than_it_should(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "MOST", 3)
    for film in range(1, 6):
        skip(client, film)
    given = client.session[answers.ANSWERS]["given"]
    assert [each["film"] for each in given] == [3, 4, 5]


def test_a_rating_is_taken_back_and_its_film_asked_about_again(
    client: Client, active_model: TrainedModel
) -> None:
    answer(client, 1, stars="4.0", viewer="")
    answer(client, 2, answer="unseen")
    assert client.post("/rate-next/undo/")["Location"] == "/rate-next/?film=2"
    assert client.post("/rate-next/undo/")["Location"] == "/rate-next/?film=1"
    assert asked(client, "/rate-next/?film=1").pk == 1
    assert not Rating.objects.filter(viewer__kind=Viewer.Kind.GUEST).exists()
    assert client.post("/rate-next/undo/")["Location"] == "/rate-next/"


def test_undo_gives_back_the_rating_that_was_there(alice_client: Client, alice: Viewer) -> None:
    before = alice.ratings.get(movie=1)
    answer(alice_client, 1, stars="1.0", viewer=str(alice.pk))
    alice_client.post("/rate-next/undo/")
    after = alice.ratings.get(movie=1)
    assert (after.stars, after.rated_at) == (5.0, before.rated_at)


def test_what_was_sent_twice_is_taken_back_at_once(alice_client: Client, alice: Viewer) -> None:
    for _ in range(2):
        answer(alice_client, 1, stars="1.0", viewer=str(alice.pk))
    alice_client.post("/rate-next/undo/")
    assert alice.ratings.get(movie=1).stars == 5.0


def test_undo_goes_back_a_step_of_the_first_minute(client: Client, catalogue: None) -> None:
    answer(client, 1, answer="skip", place="3")
    assert client.post("/rate-next/undo/", {"place": "4"})["Location"] == (
        "/start/films/?place=3&film=1"
    )


def test_somebody_who_signs_in_cannot_undo_what_a_guest_answered(
    client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    answer(client, 1, stars="1.0", viewer="")
    assert alice.user
    client.force_login(alice.user)
    assert client.post("/rate-next/undo/")["Location"] == "/rate-next/"
    assert alice.ratings.get(movie=1).stars == 5.0


@pytest.mark.parametrize("data", [{}, {"stars": "9"}, {"stars": "many"}, {"answer": "perhaps"}])
def test_a_wrong_answer_is_refused_and_the_film_stays(
    client: Client, data: dict[str, str]
) -> None:
    refused = client.post("/rate-next/1/", data, follow=True)
    assert refused.redirect_chain == [("/rate-next/?film=1", 302)]
    assert b"notice-error" in refused.content
    fragment = client.post("/fragments/rate-next/1/", data)
    assert b'class="wrong"' in fragment.content
    assert fragment.context["question"].movie.pk == 1


def test_a_page_drawn_for_somebody_else_rates_nothing(client: Client, alice: Viewer) -> None:
    page = answer(client, 1, stars="1.0", viewer=str(alice.pk))
    assert page["Location"] == "/rate-next/?film=1"
    twin = client.post("/fragments/rate-next/1/", {"stars": "1.0", "viewer": alice.pk})
    assert twin["HX-Redirect"] == "/rate-next/?film=1"
    assert alice.ratings.get(movie=1).stars == 5.0


def test_a_film_that_does_not_exist_is_not_found(client: Client) -> None:
    assert answer(client, 999, answer="skip").status_code == 404
    assert client.get("/rate-next/?film=999").status_code == 200


def test_the_twin_answers_with_the_next_film_and_says_that_the_taste_changed(
    client: Client, active_model: TrainedModel
) -> None:
    fragment = client.post("/fragments/rate-next/1/", {"stars": "4.5", "viewer": "", "place": "1"})
    html = fragment.content.decode()
    assert fragment["HX-Trigger"] == '{"taste-changed": {}}'
    assert fragment["HX-Replace-Url"] == "/start/films/?place=2"
    assert "2 of 8" in html
    assert "You rated Crime story #1 ★ 4.5. Next: " in html
    assert "<html" not in html
    undone = client.post("/fragments/rate-next/undo/", {"place": "2"})
    assert undone.context["question"].movie.pk == 1
    assert b"1 of 8" in undone.content


def test_the_picks_refresh_as_the_run_finishes(client: Client, active_model: TrainedModel) -> None:
    assert b"as soon as you rate a film" in client.get("/fragments/picks/").content
    answer(client, 1, stars="5.0", viewer="")
    waiting = client.get("/fragments/picks/")
    assert b"on their way" in waiting.content
    poll = waiting.context["picks"].poll
    assert client.get(poll.url).status_code == 204
    run_prediction(Prediction.objects.get().pk)
    ready = client.get(poll.url)
    assert len(ready.context["picks"].cards) == 4
    assert b"every" not in ready.content
    answer(client, 2, stars="1.0", viewer=str(Viewer.objects.get(kind="guest").pk))
    again = client.get("/fragments/picks/")
    assert b"getting better" in again.content
    assert len(again.context["picks"].cards) == 4


def test_picks_that_cannot_be_made_say_why(client: Client) -> None:
    answer(client, 1, stars="5.0", viewer="")
    assert b"They come once a model is trained" in client.get("/rate-next/").content


def test_a_bot_asks_for_no_picks(client: Client, active_model: TrainedModel) -> None:
    answer(client, 1, stars="5.0", viewer="")
    Prediction.objects.all().delete()
    client.get("/rate-next/", headers={"user-agent": "Examplebot"})
    assert not Prediction.objects.exists()


def test_the_page_needs_a_bounded_number_of_queries(
    alice_client: Client, active_model: TrainedModel
) -> None:
    alice_client.get("/rate-next/")
    with CaptureQueriesContext(connection) as queries:
        alice_client.get("/rate-next/")
    assert len(queries) <= 22
