"""A form of a page that was drawn for one viewer does nothing for another, who came meanwhile."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from recommendations.models import Viewer
from tests.views.told import TOLD

ACTIONS = [
    *("lists", "controls", "reset-controls", "fragment-controls", "fragment-reset-controls"),
    *("nights", "choose-groups", "import", "open-feed", "account-delete"),
    *("choose-list", "fragment-choose-list", "rate", "mark"),
]
PAGES = ["/lists/", "/controls/", "/nights/", "/import/", "/account/delete/", "/films/5/", "/"]


OF_A_FILM = {"choose-list", "fragment-choose-list", "rate", "mark"}


def path_of(name: str) -> str:
    return reverse(name, args=[5] if name in OF_A_FILM else [])


@pytest.mark.parametrize("name", ACTIONS)
def test_it_changes_nothing_for_somebody_else(
    bob_client: Client, alice: Viewer, bob: Viewer, name: str
) -> None:
    rows = {"viewer": alice.pk, **TOLD[name]}
    answer = bob_client.post(path_of(name), rows)
    assert answer.status_code == 302 or answer.headers["HX-Redirect"]
    assert "You are somebody else here now" in bob_client.get("/").content.decode()
    bob = Viewer.objects.get(pk=bob.pk)
    kept = (bob.ratings, bob.marks, bob.lists, bob.imports, bob.nights)
    assert not any(each.exists() for each in kept)
    assert not hasattr(bob, "controls")
    assert bob.feed_token is None


@pytest.mark.parametrize("path", PAGES)
def test_every_form_says_whom_it_was_drawn_for(
    alice_client: Client, alice: Viewer, path: str
) -> None:
    html = alice_client.get(path).content.decode()
    main = html[html.index("<main") :]
    forms = re.findall(r'<form[^>]*method="post".*?</form>', main, re.DOTALL)
    field = re.compile(rf'name="viewer"\s+value="{alice.pk}"')
    assert forms
    assert [form for form in forms if not field.search(form)] == []
