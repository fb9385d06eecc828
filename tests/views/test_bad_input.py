"""Whatever an address or a form holds: never an error of ours, and nothing that cannot be shown.

Addresses are read from the URLconf, parameters from the code, so that none is forgotten.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse

from recommendations.forms.browsing import BrowseForm
from recommendations.models import Movie, TrainedModel, Viewer
from tests.views.addresses import Address, addresses
from tests.views.belongings import Belongings, furnish
from tests.views.told import TOLD, TOLD_BY_STRANGERS

NASTY = {
    "a word": "five",
    "negative": "-1",
    "beyond 64 bits": str(2**63),
    "not a number": "nan",
    "NUL": "1\x00",
    "long": "x" * 50_000,
    "a surrogate": "\ud800",
    "the first day": "0001-01-01T00:00:00+14:00",
    "elsewhere": "//evil.example/",
}

#: What a database may stumble over; the rest never gets there.
FOR_DATABASES = {"negative", "beyond 64 bits", "NUL", "long", "a surrogate", "the first day"}

EACH = [
    pytest.param(value, id=name, marks=[] if name in FOR_DATABASES else pytest.mark.once)
    for name, value in NASTY.items()
]

#: Names in addresses and forms that code asks for.
ASKED_FOR = re.compile(r"""(?:GET|POST|query)(?:\.get(?:list)?\(|\[)"(\w+)\"""")
IN_TEMPLATES = re.compile(r"request\.GET\.(\w+)")

PARAMETERS = {
    *(BrowseForm.base_fields),
    *("page", "seed", "since", "seen", "place", "next", "q", "sort", "find", "stars"),
    *("top-picks", "popular"),
    *("film", "turn", "minutes", "not", "list_name", "key", "group", "answer", "share", "renew"),
    *("name", "viewer", "live"),
}

#: Pages that answer a POST as they do a GET.
DONE = {"account_reset_password_done"}

#: Actions that store what was typed, which these pages must be able to show.
KEEPING = {
    "restore-rating": ("home", "ratings", "taste", "account-export-json"),
    "lists": ("lists", "account-export-json"),
    "edit-list": ("lists", "account-export-json"),
    "choose-list": ("lists", "account-export-json"),
    "controls": ("home", "controls", "browse", "rate-next", "tonight"),
    "account-email": ("account", "account-export-json"),
}


@pytest.fixture
def hers(active_model: TrainedModel) -> Belongings:
    user = User.objects.create_user("alice", "alice@example.org", "a long secret")
    viewer = Viewer.for_user(user)
    for film, stars in ((1, 5.0), (2, 4.5), (3, 5.0), (41, 1.0), (42, 0.5)):
        viewer.rate(Movie.objects.get(pk=film), stars)
    cache.clear()
    return furnish(viewer)


def alices_client(hers: Belongings) -> Client:
    client = Client(raise_request_exception=False)
    assert hers.viewer.user
    client.force_login(hers.viewer.user)
    return client


def arguments(hers: Belongings, address: Address) -> dict[str, object]:
    return {
        "movie_id": 10,
        "slug": "top-picks",
        "version": "0",
        "kind": "watchlist",
        "year": 2016,
        "uidb36": "1",
        "key": "set-password",
        **hers.arguments(address.name),
    }


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def quoted(name: str, value: str) -> str:
    """As a browser would send it; a surrogate, which none would, as its bytes."""
    return f"{name}={quote(value.encode('utf-8', 'surrogatepass'))}"


def post(client: Client, path: str, fields: dict[str, Any]) -> int:
    body = "&".join(quoted(name, str(value)) for name, value in fields.items())
    return client.post(path, body, "application/x-www-form-urlencoded").status_code


def test_every_parameter_that_code_asks_for_is_tried() -> None:
    asked = set()
    for folder, kind, named in (
        ("recommendations", "*.py", ASKED_FOR),
        ("templates", "*.html", IN_TEMPLATES),
    ):
        for path in Path(settings.BASE_DIR, folder).rglob(kind):
            asked |= set(named.findall(path.read_text()))
    tried = PARAMETERS | {name for fields in TOLD.values() for name in fields}
    assert asked - tried == set()


def test_every_action_is_tried(hers: Belongings) -> None:
    actions = set()
    for address in addresses():
        with undone():
            path = address.path(arguments(hers, address))
            if alices_client(hers).post(path).status_code != 405:
                actions.add(address.name)
    assert actions - DONE == {*TOLD, *TOLD_BY_STRANGERS}


@pytest.mark.parametrize("value", EACH)
def test_an_address_may_say_anything(hers: Belongings, value: str) -> None:
    broken, client = [], alices_client(hers)
    before = hers.dump()
    query = "&".join(quoted(name, value) for name in sorted(PARAMETERS))
    twice = f"{query}&{query}&place=popular"
    for address in addresses():
        path = address.path(arguments(hers, address))
        codes = [client.get(f"{path}?{asked}").status_code for asked in (query, twice)]
        if max(codes) >= 500 or 400 in codes:
            broken.append(f"{address}: {codes}")
    assert broken == []
    assert hers.dump() == before


def whoever(hers: Belongings, name: str) -> tuple[Client, dict[str, Any]]:
    """A client to do this, and what it tells when all is well."""
    if name in TOLD_BY_STRANGERS:
        return Client(raise_request_exception=False), TOLD_BY_STRANGERS[name]
    return alices_client(hers), TOLD[name] | {"viewer": hers.viewer.pk}


def faults(hers: Belongings, address: Address, value: str | None) -> Iterator[str]:
    """Post `value` in each field in turn, or leave the field out."""
    path = address.path(arguments(hers, address))
    _, told = whoever(hers, address.name)
    for field in told:
        others = {name: said for name, said in told.items() if name != field}
        with undone():
            client, _ = whoever(hers, address.name)
            code = post(client, path, others if value is None else {**others, field: value})
            if code >= 500 or code == 400:
                yield f"{address} with {field}: {code}"
            elif code < 400 and address.name in KEEPING:
                yield from (
                    f"{address} with {field}: {page}"
                    for page in unreadable(client, KEEPING[address.name])
                )


def unreadable(client: Client, pages: tuple[str, ...]) -> Iterator[str]:
    """Pages that cannot show what was stored."""
    for name in pages:
        if client.get(reverse(name)).status_code >= 500:
            yield f"then {name} cannot be shown"


@pytest.mark.parametrize(
    "value", [*EACH, pytest.param(None, id="missing", marks=pytest.mark.once)]
)
def test_a_form_may_say_anything(hers: Belongings, value: str | None) -> None:
    acting = [each for each in addresses() if each.name in {*TOLD, *TOLD_BY_STRANGERS}]
    assert [fault for each in acting for fault in faults(hers, each, value)] == []
