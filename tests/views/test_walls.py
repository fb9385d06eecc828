"""A viewer never sees or changes what belongs to another: each address with another's ids.

Addresses are read from the URLconf, so that none is forgotten.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from recommendations.middleware import GUEST
from recommendations.models import Movie, TrainedModel, Viewer
from tests.views.addresses import Address, addresses
from tests.views.belongings import Belongings, furnish

pytestmark = pytest.mark.once

#: Arguments that name something of somebody's.
PRIVATE = {"list_id", "import_id", "entry_id", "token", "viewer_id"}

#: Arguments that name what is everybody's, with one to ask about.
PUBLIC: dict[str, object] = {
    "movie_id": 65,
    "slug": "top-picks",
    "version": "0",
    "kind": "seen",
    "year": 2016,
    "uidb36": "1",
    "key": "set-password",
}

#: Whoever was given one of these links may use it.
BY_LINK = {"shared-list", "feed", "night", "night-join", "fragment-night"}

#: What forms can say, so that as many actions as can be have something to do.
ANYTHING: dict[str, Any] = {
    "put": "hidden",
    "stars": "0.5",
    "rated_at": "2020-01-01",
    "name": "mine",
    "share": "1",
}
TAKEN_BACK: dict[str, Any] = {"take": "watchlist", "stars": "", "renew": "1", "answer": "skip"}

Asker = Callable[[], Client]


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def as_guest(name: str) -> Client:
    client = Client()
    session = client.session
    session[GUEST] = Viewer.objects.get(display_name=name).pk
    session.save()
    return client


ASKERS: dict[str, Asker] = {
    "bob": lambda: signed_in("bob"),
    "a guest": lambda: as_guest("a guest"),
    "a stranger": Client,
    "staff": lambda: signed_in("staff"),
}


@pytest.fixture
def others(catalogue: None) -> None:
    """An account, a guest and staff, each of whom has rated two films."""
    viewers = [
        Viewer.for_user(User.objects.create_user("bob")),
        Viewer.for_user(User.objects.create_superuser("staff")),
        Viewer.objects.create(display_name="a guest"),
    ]
    for viewer in viewers:
        for film in (1, 65):
            viewer.rate(Movie.objects.get(pk=film), 4.0)


@pytest.fixture
def alices(others: None, active_model: TrainedModel) -> Belongings:
    user = User.objects.create_user("alice", "alice@example.org", "a long secret")
    return furnish(with_taste(Viewer.for_user(user)))


@pytest.fixture
def guests(others: None, active_model: TrainedModel) -> Belongings:
    return furnish(with_taste(Viewer.objects.create(display_name="alice")))


def with_taste(viewer: Viewer) -> Viewer:
    for film, stars in ((1, 5.0), (2, 4.5), (3, 5.0), (41, 1.0), (42, 0.5)):
        viewer.rate(Movie.objects.get(pk=film), stars)
    return viewer


@contextmanager
def undone() -> Iterator[None]:
    """So that each request finds the site as the first did."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def tries(hers: Belongings) -> Iterator[tuple[str, dict[str, Any]]]:
    """A GET and POSTs that name what is hers wherever something can be named."""
    named = {"list": hers.noir.pk, "movie": 101, "key": "home"}
    yield "get", named | {"viewer": hers.viewer.pk}
    yield "post", named | ANYTHING
    yield "post", named | TAKEN_BACK
    yield "post", named | ANYTHING | {"viewer": hers.viewer.pk}


def ask(address: Address, hers: Belongings, client: Client, method: str, data: Any) -> Any:
    path = address.path(PUBLIC | hers.arguments(address.name))
    return getattr(client, method)(path, data)


def read(answer: HttpResponse) -> str:
    """All that an answer says, but for a zip."""
    if "zip" in answer.headers.get("Content-Type", ""):
        return ""
    return answer.content.decode() + str(answer.headers)


def is_missing(answer: HttpResponse) -> bool:
    """Not found, not asked so, or there is nobody to show a fragment to."""
    return answer.status_code in {404, 405} or answer.headers.get("HX-Redirect") == "/"


def faults(address: Address, hers: Belongings, answer: HttpResponse) -> Iterator[str]:
    """What is wrong with an answer to somebody else."""
    if address.name in BY_LINK:
        return
    for secret in hers.secrets:
        if secret in read(answer):
            yield f"tells {secret}"
    if PRIVATE & set(address.arguments) and not is_missing(answer):
        yield f"is found: {answer.status_code}"


def walls_hold(hers: Belongings, asker: Asker) -> None:
    before, wrong = hers.dump(), []
    for address in addresses():
        with undone():
            client = asker()
            for method, data in tries(hers):
                answer = ask(address, hers, client, method, data)
                wrong += [f"{method} {address} {fault}" for fault in faults(address, hers, answer)]
            if hers.dump() != before:
                wrong.append(f"{address} changes what is another's")
    assert wrong == []


def test_every_argument_is_known_to_be_everybodys_or_somebodys() -> None:
    arguments = {name for address in addresses() for name in address.arguments}
    assert arguments == PRIVATE | set(PUBLIC)


@pytest.mark.parametrize("asker", ASKERS.values(), ids=ASKERS)
def test_what_an_account_has_is_nobody_elses(alices: Belongings, asker: Asker) -> None:
    walls_hold(alices, asker)


@pytest.mark.parametrize("name", ["bob", "a guest"])
def test_what_a_guest_has_is_nobody_elses(guests: Belongings, name: str) -> None:
    walls_hold(guests, ASKERS[name])


def test_who_owns_it_finds_it(alices: Belongings) -> None:
    """Else the tests above would ask about nothing."""
    not_for_the_host = {"browse-as", "night-remove", "night-leave"}
    private = [each for each in addresses() if PRIVATE & set(each.arguments)]
    codes: dict[str, set[int]] = {address.name: set() for address in private}
    for address in private:
        for method in ("get", "post"):
            with undone():
                answer = ask(address, alices, signed_in("alice"), method, {"movie": 101})
                codes[address.name].add(answer.status_code)
    assert {name for name, seen in codes.items() if seen <= {404, 405}} == not_for_the_host
