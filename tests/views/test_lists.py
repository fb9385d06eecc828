"""Lists that viewers make: kept, filled from films' pages, and shared by link."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from recommendations.models import Mark, Movie, MovieList, TrainedModel, Viewer, lists
from recommendations.tasks import run_prediction


def film(number: int) -> Movie:
    return Movie.objects.get(pk=number)


def titles(page: object) -> list[int]:
    return [kept.movie.pk for kept in page.context["films"]]  # type: ignore[attr-defined]


@pytest.fixture
def noir(alice: Viewer) -> MovieList:
    """A list of Alice's with two films."""
    made = MovieList.make(alice, "Noir", "Rain and hats")
    made.add(film(5))
    made.add(film(6))
    return made


class TestOwn:
    def test_a_guest_makes_a_list_with_a_first_post(self, client: Client, catalogue: None) -> None:
        page = client.post("/lists/", {"name": "Rainy days", "description": ""}, follow=True)
        made = MovieList.objects.get()
        assert page.redirect_chain == [(f"/lists/{made.pk}/", 302)]
        assert made.viewer.kind == Viewer.Kind.GUEST
        assert "Rainy days" in client.get("/lists/").content.decode()

    def test_a_name_is_given_once(
        self, alice_client: Client, noir: MovieList, bob: Viewer
    ) -> None:
        MovieList.make(bob, "Noir")
        page = alice_client.post("/lists/", {"name": "noir", "description": "Kept as typed"})
        assert page.context["form"].errors["name"] == ["You have a list called “noir” already."]
        assert "Kept as typed" in page.content.decode()
        assert noir.viewer.lists.count() == 1

    def test_a_list_needs_a_name_and_no_endless_one(self, client: Client, catalogue: None) -> None:
        assert client.post("/lists/", {"name": " "}).context["form"].errors["name"]
        assert client.post("/lists/", {"name": "x" * 101}).context["form"].errors["name"]
        assert not Viewer.objects.filter(kind=Viewer.Kind.GUEST).exists()

    def test_there_are_so_many_lists_at_most(
        self, alice_client: Client, noir: MovieList, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lists, "MOST_LISTS", 1)
        page = alice_client.post("/lists/", {"name": "Another"})
        assert "You have 1 lists" in page.content.decode()
        assert noir.viewer.lists.count() == 1

    def test_it_holds_so_many_films_at_most(
        self, alice_client: Client, noir: MovieList, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lists, "MOST_FILMS", 2)
        page = alice_client.post(f"/lists/{noir.pk}/films/7/add/", follow=True)
        assert "as many as a list can" in page.content.decode()
        answer = alice_client.post(f"/fragments/lists/{noir.pk}/films/7/put/")
        assert "as many as a list can" in answer.content.decode()
        page = alice_client.post("/films/7/lists/", {"list": noir.pk}, follow=True)
        assert "as many as a list can" in page.content.decode()
        assert noir.entries.count() == 2

    def test_it_is_renamed_and_described(self, alice_client: Client, noir: MovieList) -> None:
        said = {"name": "Film noir", "description": "More hats"}
        alice_client.post(f"/lists/{noir.pk}/edit/", said)
        noir.refresh_from_db()
        assert (noir.name, noir.description) == ("Film noir", "More hats")
        alice_client.post(f"/lists/{noir.pk}/edit/", {"name": "FILM NOIR"})
        noir.refresh_from_db()
        assert noir.name == "FILM NOIR"

    def test_it_is_not_renamed_to_another(
        self, alice_client: Client, alice: Viewer, noir: MovieList
    ) -> None:
        MovieList.make(alice, "Westerns")
        page = alice_client.post(f"/lists/{noir.pk}/edit/", {"name": "westerns"})
        assert "already" in page.context["form"].errors["name"][0]
        assert "Edit “Noir”" in page.content.decode()
        noir.refresh_from_db()
        assert noir.name == "Noir"

    def test_it_is_deleted_only_after_a_question(
        self, alice_client: Client, noir: MovieList
    ) -> None:
        assert "Delete “Noir”?" in alice_client.get(f"/lists/{noir.pk}/delete/").content.decode()
        assert MovieList.objects.exists()
        alice_client.post(f"/lists/{noir.pk}/delete/")
        assert not MovieList.objects.exists()

    def test_films_are_found_and_added_without_javascript(
        self, alice_client: Client, noir: MovieList
    ) -> None:
        Movie.objects.filter(pk=30).update(title="Laura")
        page = alice_client.get(f"/lists/{noir.pk}/?find=laura")
        assert f'action="/lists/{noir.pk}/films/30/add/"' in page.content.decode()
        there = f"/lists/{noir.pk}/?find=laura"
        page = alice_client.post(f"/lists/{noir.pk}/films/30/add/", {"next": there}, follow=True)
        assert titles(page) == [30, 6, 5]
        assert [held for movie, held in page.context["offered"] if movie.pk == 30] == [True]
        alice_client.post(f"/lists/{noir.pk}/films/30/add/")
        assert noir.entries.count() == 3

    def test_a_film_is_removed_and_put_back(self, alice_client: Client, noir: MovieList) -> None:
        answer = alice_client.post(f"/fragments/lists/{noir.pk}/films/5/remove/")
        assert f'hx-post="/fragments/lists/{noir.pk}/films/5/put/"' in answer.content.decode()
        assert noir.entries.count() == 1
        alice_client.post(f"/fragments/lists/{noir.pk}/films/5/put/")
        assert noir.entries.count() == 2
        page = alice_client.post(f"/lists/{noir.pk}/films/5/remove/", follow=True)
        assert f'action="/lists/{noir.pk}/films/5/add/"' in page.content.decode()
        assert titles(page) == [6]

    def test_the_overview_counts_and_asks_no_more_for_more_lists(
        self, alice_client: Client, alice: Viewer, noir: MovieList
    ) -> None:
        Mark.put(alice, film(10), Mark.Kind.WATCHLIST)
        Mark.put(alice, film(11), Mark.Kind.WATCHLIST)
        alice_client.get("/lists/")
        with CaptureQueriesContext(
            connection,
        ) as few:
            page = alice_client.get("/lists/")
        assert [(tile.title, tile.count) for tile in page.context["kept"]] == [
            ("Ratings", 6),
            ("Watchlist", 2),
            ("Seen", 0),
            ("Hidden", 0),
        ]
        tile = page.context["own"][0]
        assert (tile.count, [movie.pk for movie in tile.films]) == (2, [6, 5])
        for number in range(5):
            MovieList.make(alice, f"List {number}").add(film(20 + number))
        with CaptureQueriesContext(connection) as many:
            alice_client.get("/lists/")
        assert len(many) == len(few)


class TestFilmPage:
    def test_a_stranger_puts_a_film_on_a_first_list(self, client: Client, catalogue: None) -> None:
        assert 'action="/films/5/lists/"' in client.get("/films/5/").content.decode()
        page = client.post("/films/5/lists/", {"name": "To see again"}, follow=True)
        assert page.redirect_chain == [("/films/5/", 302)]
        assert MovieList.objects.get().movies.get().pk == 5

    def test_htmx_says_which_lists_hold_it(self, alice_client: Client, noir: MovieList) -> None:
        answer = alice_client.post("/fragments/films/7/lists/", {"list": noir.pk, "name": ""})
        html = answer.content.decode()
        assert f'<a href="/lists/{noir.pk}/">Noir</a>' in html
        assert "<option" not in html
        assert noir.entries.filter(movie=7).exists()

    def test_what_is_wrong_is_said_beside_the_field(
        self, alice_client: Client, noir: MovieList
    ) -> None:
        answer = alice_client.post("/fragments/films/7/lists/", {"list": "", "name": "NOIR"})
        html = answer.content.decode()
        assert "called “NOIR” already" in html
        assert 'value="NOIR"' in html
        answer = alice_client.post("/fragments/films/7/lists/", {})
        assert "name a new one" in answer.content.decode()
        page = alice_client.post("/films/7/lists/", {}, follow=True)
        assert "name a new one" in page.content.decode()

    def test_without_htmx_what_was_typed_is_kept(
        self, alice_client: Client, noir: MovieList
    ) -> None:
        page = alice_client.post("/films/7/lists/", {"name": "NOIR & co"}, follow=True)
        assert MovieList.objects.get(name="NOIR & co")
        page = alice_client.post("/films/7/lists/", {"name": "noir & CO"}, follow=True)
        html = page.content.decode()
        assert "already" in html
        assert 'value="noir &amp; CO"' in html


class TestShared:
    def test_who_has_the_link_sees_the_list_and_no_buttons(
        self, alice_client: Client, client: Client, noir: MovieList
    ) -> None:
        alice_client.post(f"/lists/{noir.pk}/share/", {"share": "1"})
        noir.refresh_from_db()
        path = f"/shared/{noir.share_token}/"
        assert (
            f"http://testserver{path}" in alice_client.get(f"/lists/{noir.pk}/").content.decode()
        )
        page = client.get(path)
        html = page.content.decode()
        assert "Rain and hats" in html
        assert "by alice" in html
        assert [card.movie.pk for card in page.context["cards"]] == [6, 5]
        assert "/remove/" not in html
        assert "noindex" in html
        assert page.headers["X-Robots-Tag"] == "noindex"
        assert not Viewer.objects.filter(kind=Viewer.Kind.GUEST).exists()

    def test_stars_are_the_visitors_own(
        self, alice_client: Client, alice: Viewer, bob: Viewer, active_model: TrainedModel
    ) -> None:
        alice_client.get("/")
        run_prediction(alice.predictions.get().pk)
        made = MovieList.make(bob, "Bob’s")
        made.add(film(45))
        path = f"/shared/{made.share()}/"
        [card] = alice_client.get(path).context["cards"]
        assert card.stars == alice.scores.predicted_stars([45])[45]
        [card] = Client().get(path).context["cards"]
        assert card.stars is None

    def test_a_withdrawn_link_is_dead_for_good(
        self, alice_client: Client, client: Client, noir: MovieList
    ) -> None:
        token = noir.share()
        assert noir.share() == token
        alice_client.post(f"/lists/{noir.pk}/share/")
        assert client.get(f"/shared/{token}/").status_code == 404
        assert noir.share() != token
        assert client.get(f"/shared/{token}/").status_code == 404
        assert client.get(f"/shared/{uuid4()}/").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/lists/{}/"),
        ("get", "/lists/{}/edit/"),
        ("post", "/lists/{}/edit/"),
        ("get", "/lists/{}/delete/"),
        ("post", "/lists/{}/delete/"),
        ("post", "/lists/{}/share/"),
        ("post", "/lists/{}/films/7/add/"),
        ("post", "/lists/{}/films/5/remove/"),
        ("post", "/fragments/lists/{}/films/7/put/"),
        ("post", "/fragments/lists/{}/films/5/remove/"),
    ],
)
def test_somebody_elses_list_is_not_there(
    bob_client: Client, noir: MovieList, method: str, path: str
) -> None:
    data = {"name": "Mine now", "share": "1"}
    answer = getattr(bob_client, method)(path.format(noir.pk), data)
    assert answer.status_code == 404
    noir.refresh_from_db()
    assert (noir.name, noir.share_token) == ("Noir", None)
    assert sorted(noir.entries.values_list("movie_id", flat=True)) == [5, 6]


def test_nothing_is_put_on_somebody_elses_list(bob_client: Client, noir: MovieList) -> None:
    for path in ("/films/7/lists/", "/fragments/films/7/lists/"):
        assert bob_client.post(path, {"list": noir.pk}).status_code == 404
    assert noir.entries.count() == 2


def test_staff_see_lists_in_the_admin(staff_client: Client, noir: MovieList) -> None:
    noir.share()
    html = staff_client.get("/admin/recommendations/movielist/").content.decode()
    assert "Noir" in html
    assert staff_client.get("/admin/recommendations/listentry/?q=noir").status_code == 200
    page = staff_client.get(f"/admin/recommendations/movielist/{noir.pk}/change/")
    assert page.status_code == 200
