"""Taking one's data along, and deleting all of it."""

import csv
import json
import zipfile
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recommendations.models import (
    FilmNight,
    ListEntry,
    Mark,
    Movie,
    MovieList,
    RatingsImport,
    TasteControls,
    TrainedModel,
    UnmatchedEntry,
    Viewer,
)
from recommendations.models.taste import recount
from recommendations.tasks import run_prediction

PASSWORD = {"password": "a long secret"}


@pytest.fixture(autouse=True)
def untried(db: None) -> None:
    """Nobody has tried a password yet."""
    cache.clear()


@pytest.fixture
def busy(alice: Viewer, bob: Viewer) -> Viewer:
    """Alice, who has done all that can be done here."""
    seen, later = Movie.objects.get(pk=10), Movie.objects.get(pk=11)
    Mark.put(alice, seen, Mark.Kind.SEEN)
    Mark.put(alice, later, Mark.Kind.WATCHLIST)
    best = MovieList.objects.create(viewer=alice, name="=Best", description="Of all")
    ListEntry.objects.create(list=best, movie=later)
    UnmatchedEntry.objects.create(
        viewer=alice, kind="rating", title="Unheard of", year=1999, stars=4.5, identity="1"
    )
    RatingsImport.objects.create(
        viewer=alice, file_name="a.zip", content=b"old", wake_at=timezone.now()
    )
    TasteControls.objects.create(viewer=alice, leaning=2)
    FilmNight.objects.create(host=alice).viewers.set([alice, bob])
    FilmNight.objects.create(host=bob).viewers.set([alice, bob])
    return alice


def tables(client: Client) -> dict[str, list[dict[str, str]]]:
    answer = client.get("/account/export.zip")
    assert answer.headers["Content-Type"] == "application/zip"
    assert ".zip" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(BytesIO(answer.content)) as files:
        return {
            name: list(csv.DictReader(StringIO(files.read(name).decode())))
            for name in files.namelist()
        }


def test_the_tables_hold_all_that_was_said_of_films(alice_client: Client, busy: Viewer) -> None:
    found = tables(alice_client)
    assert len(found["ratings.csv"]) == 6
    assert found["ratings.csv"][0]["title"] == "Crime story #1 (1941)"
    assert [row["movie_id"] for row in found["seen.csv"]] == ["10"]
    assert [row["movie_id"] for row in found["watchlist.csv"]] == ["11"]
    assert found["hidden.csv"] == found["less.csv"] == found["more.csv"] == []
    assert [row["list"] for row in found["lists.csv"]] == ["'=Best"]
    assert [row["title"] for row in found["unmatched.csv"]] == ["Unheard of"]


def test_the_json_holds_everything(alice_client: Client, busy: Viewer) -> None:
    answer = alice_client.get("/account/export.json")
    told = json.loads(answer.content)
    assert told["account"]["user_name"] == "alice"
    assert {(row["movie_id"], row["stars"]) for row in told["ratings"]} == set(
        busy.ratings.values_list("movie", "stars")
    )
    assert {row["kind"] for row in told["marks"]} == {"seen", "watchlist"}
    assert told["lists"][0]["films"][0]["title"] == "Crime story #11"
    assert told["unmatched"][0]["stars"] == 4.5
    assert told["controls"]["leaning"] == 2
    assert told["imports"][0]["file_name"] == "a.zip"
    assert {night["hosted_by"] for night in told["film_nights"]} == {"alice", "bob"}


@pytest.mark.parametrize("title", ["=1+1", "+1", "-30-", "@ Home", "Naïve, “quoted”", "Das Boot"])
def test_the_ratings_come_back_through_our_own_importer(
    alice_client: Client, alice: Viewer, bob: Viewer, tmp_path: Path, title: str
) -> None:
    Movie.objects.filter(pk=1).update(title=title)
    Movie.objects.filter(pk=2).update(imdb_id=64116)
    path = tmp_path / "mine.zip"
    path.write_bytes(alice_client.get("/account/export.zip").content)
    call_command("import_ratings", str(path), viewer="bob")
    assert [
        (film, stars, timezone.localdate(rated_at))
        for film, stars, rated_at in bob.ratings.order_by("movie").values_list(
            "movie", "stars", "rated_at"
        )
    ] == [
        (film, stars, timezone.localdate(rated_at))
        for film, stars, rated_at in alice.ratings.order_by("movie").values_list(
            "movie", "stars", "rated_at"
        )
    ]


@pytest.mark.parametrize("title", ["=1+1", "+1", "-30-", "@ Home"])
def test_no_spreadsheet_takes_a_title_for_a_formula(
    alice_client: Client, alice: Viewer, title: str
) -> None:
    Movie.objects.filter(pk=1).update(title=title)
    titles = [row["title"] for row in tables(alice_client)["ratings.csv"]]
    assert f"'{title} (1941)" in titles


def test_guests_have_data_of_their_own_too(client: Client, catalogue: None) -> None:
    client.post("/films/5/rate/", {"stars": "4.5"})
    assert [row["rating"] for row in tables(client)["ratings.csv"]] == ["4.5"]
    told = json.loads(client.get("/account/export.json").content)
    assert told["account"]["kind"] == "guest"


@pytest.mark.parametrize("path", ["export.zip", "export.json", "delete/"])
def test_of_a_stranger_there_is_nothing(client: Client, path: str, catalogue: None) -> None:
    assert client.get(f"/account/{path}").status_code == 404
    assert not Viewer.objects.filter(kind=Viewer.Kind.GUEST).exists()


def test_an_export_takes_few_queries(alice_client: Client, busy: Viewer) -> None:
    for path in ("/account/export.json", "/account/export.zip"):
        with CaptureQueriesContext(connection) as captured:
            alice_client.get(path)
        assert len(captured) <= 16


def rows_of(user_id: int, viewer_id: int) -> dict[str, int]:
    """By table: the rows that name the user or the viewer."""
    wanted = {User: user_id, Viewer: viewer_id}
    found = {}
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.concrete_fields:
            if field.related_model in wanted:
                rows = model._default_manager.filter(**{field.name: wanted[field.related_model]})
                found[f"{model._meta.label}.{field.name}"] = rows.count()
    return found


def test_a_deleted_account_leaves_no_row_anywhere(
    alice_client: Client, busy: Viewer, active_model: TrainedModel
) -> None:
    alice_client.post("/account/email/", PASSWORD | {"email": "alice@example.org"})
    alice_client.get("/")
    run_prediction(busy.predictions.get().pk)
    assert busy.user
    user_id, viewer_id = busy.user.pk, busy.pk
    before = rows_of(user_id, viewer_id)
    assert {name for name, number in before.items() if not number} == {
        "admin.LogEntry.user", "auth.User_groups.user", "auth.User_user_permissions.user",
    }  # fmt: skip
    page = alice_client.post("/account/delete/", PASSWORD, follow=True)
    assert "All that this site knew of you is deleted." in page.content.decode()
    assert not any(rows_of(user_id, viewer_id).values())
    assert not User.objects.filter(pk=user_id).exists()
    assert not Viewer.objects.filter(pk=viewer_id).exists()
    assert not page.context["user"].is_authenticated


def test_the_films_are_counted_without_who_left(alice_client: Client, alice: Viewer) -> None:
    alice_client.post("/account/delete/", PASSWORD)
    as_left = list(Movie.objects.order_by("pk").values_list("rating_count", "stars_sum"))
    recount(Movie.objects.all())
    assert as_left == list(Movie.objects.order_by("pk").values_list("rating_count", "stars_sum"))


@pytest.mark.parametrize("password", ["", "wrong"])
def test_without_the_password_nothing_is_deleted(
    alice_client: Client, alice: Viewer, password: str
) -> None:
    page = alice_client.post("/account/delete/", {"password": password})
    assert "errorlist" in page.content.decode()
    assert alice.ratings.count() == 6


def test_looking_at_the_page_deletes_nothing(alice_client: Client, alice: Viewer) -> None:
    assert "6 ratings" in alice_client.get("/account/delete/").content.decode()
    assert alice.ratings.count() == 6


def test_a_guest_confirms_and_is_gone(client: Client, catalogue: None) -> None:
    client.post("/films/5/rate/", {"stars": "4.5"})
    assert "Delete everything" in client.get("/account/delete/").content.decode()
    client.post("/account/delete/")
    assert not Viewer.objects.filter(kind=Viewer.Kind.GUEST).exists()
    assert "guest" not in client.session


def test_who_browses_as_another_deletes_what_is_their_own_too(
    client: Client, active_model: TrainedModel
) -> None:
    client.post("/films/5/rate/", {"stars": "4.5"})
    imported = Viewer.objects.filter(kind=Viewer.Kind.IMPORTED)
    client.post(f"/browse-as/{imported[0].pk}/")
    client.post("/account/delete/")
    assert not Viewer.objects.filter(kind=Viewer.Kind.GUEST).exists()
    assert imported.count() == 30


def test_the_last_superuser_stays(client: Client, catalogue: None) -> None:
    boss = User.objects.create_superuser("boss", password="a long secret")
    User.objects.create_superuser("gone", password="a long secret", is_active=False)
    client.force_login(boss)
    page = client.post("/account/delete/", PASSWORD, follow=True)
    assert "the last who can administer this site" in page.content.decode()
    User.objects.create_superuser("deputy", password="a long secret")
    client.post("/account/delete/", PASSWORD)
    assert not User.objects.filter(username="boss").exists()


def test_the_account_page_says_who_is_looking(
    client: Client, alice_client: Client, catalogue: None
) -> None:
    assert "Nothing is known of you here" in client.get("/account/").content.decode()
    client.post("/films/5/rate/", {"stars": "4.5"})
    guest = client.get("/account/").content.decode()
    assert "You are a guest" in guest
    assert "1 rating," in guest
    assert "6 ratings, kept" in alice_client.get("/account/").content.decode()
