"""Who may see what: every URL, the admin's too, as each kind of person finds it.

The table is `access.txt`; whoever adds a URL or an action of the admin adds a line there.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from django_q.models import Schedule, Task

from recommendations.models import (
    Catalogue,
    Credit,
    Movie,
    Person,
    TrainedModel,
    Viewer,
    Worker,
)
from recommendations.pipeline import requests
from recommendations.posters import poster_version
from tests.views.addresses import Route, routes
from tests.views.belongings import Belongings, furnish
from tests.views.test_walls import PUBLIC, Asker, as_guest, signed_in, undone, with_taste
from tests.views.told import TOLD, TOLD_BY_STRANGERS

pytestmark = pytest.mark.once

TABLE = Path(__file__).with_name("access.txt")

#: In the order of the columns. The viewer is whose things the addresses are about.
PEOPLE: dict[str, Asker] = {
    "guest": lambda: as_guest("a guest"),
    "viewer": lambda: signed_in("alice"),
    "other": lambda: signed_in("bob"),
    "staff": lambda: signed_in("staff"),
    "root": lambda: signed_in("root"),
}

#: What an address is asked with, where it needs more than its arguments.
QUERIES: dict[str, dict[str, Any]] = {
    "admin:autocomplete": {
        "app_label": "recommendations",
        "model_name": "rating",
        "field_name": "movie",
    },
    "fragment-menu": {"place": "popular"},
    "search": {"q": "crime"},
}

OPERATIONS = {
    "operations-part": {"name": "now"},
    "operations-act": {"slug": "reap"},
    "operations-act-queue": {"slug": "pause", "queue": "batch"},
}

#: What a browser is to be told of every answer.
POLICIES = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.fixture
def hers(active_model: TrainedModel) -> Belongings:
    bob = Viewer.for_user(User.objects.create_user("bob", password="a long secret"))
    guest = Viewer.objects.create(display_name="a guest")
    User.objects.create_user("staff", password="a long secret", is_staff=True)
    User.objects.create_superuser("root", password="a long secret")
    for viewer in (bob, guest):
        viewer.rate(Movie.objects.get(pk=1), 4.0)
    alice = User.objects.create_user("alice", "alice@example.org", "a long secret")
    furnished = furnish(with_taste(Viewer.for_user(alice)))
    one_of_each(furnished)
    return furnished


def one_of_each(hers: Belongings) -> None:
    """What the admin shows beside what a viewer has."""
    user, now = hers.viewer.user, timezone.now()
    Catalogue.objects.create(name="ml-test")
    Credit.objects.create(movie_id=1, person=Person.objects.create(name="Agnès"), role="director")
    Group.objects.create(name="projectionists")
    EmailAddress.objects.create(user=user, email="alice@example.org")
    Schedule.objects.get_or_create(name="reap", defaults={"func": "recommendations.tasks.reap"})
    for name in ("good", "bad"):
        Task.objects.create(
            id=name, name=name, func="f", started=now, stopped=now, success=name == "good"
        )
    requests.request(hers.viewer, "film:20", None)
    TrainedModel.objects.create(algorithm="svd", state=TrainedModel.State.FAILED)
    Worker.objects.create(host="here", pid=7, queue="batch", cluster=6)


# The table


def told() -> dict[str, tuple[list[str], list[str]]]:
    """What each person is answered to a GET and to a POST, by the name of the URL."""
    lines = (line.split("|") for line in TABLE.read_text().splitlines())
    rows = [[cell.split() for cell in cells] for cells in lines if len(cells) == 3]
    return {name: (for_each(get), for_each(post)) for (name,), get, post in rows[1:]}


def for_each(codes: list[str]) -> list[str]:
    return codes * len(PEOPLE) if len(codes) == 1 else codes


def actions() -> Iterator[tuple[str, type[Model], str]]:
    """The admin's, each with the model and its own name."""
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_active=True, is_staff=True)
    for model, its_admin in admin.site._registry.items():
        for action in its_admin.get_actions(request):
            yield f"{list_of(model)}!{action}", model, action


def list_of(model: type[Model]) -> str:
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"


def test_the_table_has_every_url_and_every_action_and_no_other() -> None:
    lines = [line.split("|")[0].strip() for line in TABLE.read_text().splitlines()]
    assert sorted(name for name in lines if lines.count(name) > 1 and name) == []
    there = {route.name for route in routes()} | {name for name, *_ in actions()}
    assert there - set(told()) == set(), "add a line to tests/views/access.txt"
    assert set(told()) - there == set(), "no such URL any more"


# What is asked


def path_of(route: Route, hers: Belongings) -> str:
    given = PUBLIC | hers.arguments(route.name) | {"url": "nothing", "app_label": "auth"}
    given |= {
        "year": timezone.now().year,
        "version": poster_version("Romance story #65", 2005, "Romance"),
    }
    given |= OPERATIONS.get(route.name, {})
    if route.name == "admin:view_on_site":
        films = ContentType.objects.get_for_model(Movie)
        given |= {"content_type_id": films.pk, "object_id": 1}
    elif route.name.startswith("admin") and {"object_id", "id"} & set(route.arguments):
        row = row_of(route)
        given |= {"object_id": row.pk, "id": row.pk}
    if "/" not in route.name:
        return reverse(route.name, kwargs={name: given[name] for name in route.arguments})
    filled = route.name.replace("<path:object_id>", str(given.get("object_id")))
    return "/" + filled.replace("(?P<url>.*)$", "nothing/")


def row_of(route: Route) -> Model:
    """One of the model that an address of the admin is about."""
    whole = route.name.removeprefix("admin:").replace("admin/", "").replace("/", "_")
    model = next(
        model
        for model in admin.site._registry
        if whole.startswith(f"{model._meta.app_label}_{model._meta.model_name}_")
    )
    row = model._default_manager.order_by("pk").first()
    assert row, f"one_of_each makes no {model._meta.verbose_name}"
    return row


def posted(route: Route) -> dict[str, Any]:
    if route.name.endswith("_delete"):
        return {"post": "yes"}
    return TOLD.get(route.name) or TOLD_BY_STRANGERS.get(route.name) or {}


def word_for(answer: HttpResponse) -> str:
    """The status, or where one is sent: to sign in, or by a fragment."""
    if "/login/" in answer.headers.get("Location", ""):
        return "login"
    if led := answer.headers.get("HX-Redirect"):
        return "home" if led == "/" else "away"
    return str(answer.status_code)


def faults(answer: HttpResponse) -> Iterator[str]:
    policy = answer.headers.get("Content-Security-Policy", "")
    if "default-src 'none'" not in policy or "unsafe" in policy:
        yield f"policy {policy!r}"
    if "geolocation=()" not in answer.headers.get("Permissions-Policy", ""):
        yield "no permissions policy"
    yield from (
        f"{name}: {answer.headers.get(name)}"
        for name, value in POLICIES.items()
        if answer.headers.get(name) != value
    )


def asked(client: Client, method: str, path: str, data: dict[str, Any]) -> tuple[str, list[str]]:
    """What somebody who is still signed in is told, whatever was done before."""
    asking = Client(raise_request_exception=False)
    asking.cookies.update(client.cookies)
    with undone():
        answer = getattr(asking, method)(path, data)
        return word_for(answer), list(faults(answer))


def found_by(person: str, hers: Belongings) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """What the person is answered at each URL, and what is wrong with answers."""
    client, found, wrong = PEOPLE[person](), {}, []
    for route in routes():
        path = path_of(route, hers)
        get, get_faults = asked(client, "get", path, QUERIES.get(route.name, {}))
        post, post_faults = asked(client, "post", path, posted(route))
        found[route.name] = (get, post)
        wrong += [f"{route.name}: {fault}" for fault in (*get_faults, *post_faults)]
    for name, model, action in actions():
        chosen = [row.pk for row in model._default_manager.order_by("pk")[:1]]
        data = {"action": action, ACTION_CHECKBOX_NAME: chosen}
        post, post_faults = asked(client, "post", reverse(list_of(model)), data)
        found[name] = ("-", post)
        wrong += [f"{name}: {fault}" for fault in post_faults]
    return found, wrong


@pytest.mark.parametrize("person", PEOPLE)
def test_everybody_finds_what_the_table_says_under_every_policy(
    hers: Belongings, person: str
) -> None:
    column = list(PEOPLE).index(person)
    found, wrong = found_by(person, hers)
    expected = {name: (get[column], post[column]) for name, (get, post) in told().items()}
    assert found == expected
    assert wrong == []


def test_staff_who_may_only_look_is_offered_no_action(hers: Belongings) -> None:
    looker = User.objects.get(username="staff")
    looker.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    request = RequestFactory().get("/")
    request.user = looker
    offered = [
        f"{model._meta.label} {action}"
        for model, its_admin in admin.site._registry.items()
        for action in its_admin.get_actions(request)
    ]
    assert offered == []
