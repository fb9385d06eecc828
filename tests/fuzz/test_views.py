"""Every address of the site, the admin's too, asked in every way that a hostile client can."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import caches
from django.http import HttpResponse
from django.test import Client
from django.urls import NoReverseMatch, URLResolver, get_resolver, reverse
from hypothesis import given, note
from hypothesis import strategies as st

from tests.fuzz.cases import ANYTHING, HOSTILE, cases
from tests.fuzz.state import fingerprint, undone
from tests.views.addresses import addresses
from tests.views.belongings import Belongings
from tests.views.test_bad_input import PARAMETERS
from tests.views.told import TOLD, TOLD_BY_STRANGERS

Fields = list[tuple[str, str]]

TOKEN = "a" * 32

#: Pages that show what was stored.
SHOWN = (
    *("home", "lists", "ratings", "watchlist", "seen", "hidden", "controls", "nights", "taste"),
    *("rate-next", "tonight", "browse", "account", "account-export-json", "import"),
)

METHODS = ["get", "head", "post", "put", "patch", "delete", "options", "trace", "PROPFIND"]

#: In a header there is Latin-1 and no line end: a server takes nothing else.
HEADER = st.one_of(
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\x00"), max_size=60),
    st.sampled_from(["true", "http://[", "//evil", "http://testserver/films/10/", "de;q=x", "*"]),
)
HEADERS = (
    *("HTTP_HX_REQUEST", "HTTP_HX_CURRENT_URL", "HTTP_HX_TARGET", "HTTP_HX_TRIGGER"),
    *("HTTP_HX_PROMPT", "HTTP_HX_BOOSTED", "HTTP_REFERER", "HTTP_ORIGIN", "HTTP_ACCEPT_LANGUAGE"),
    *("HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO"),
    *("HTTP_USER_AGENT", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE"),
    *("HTTP_HOST", "HTTP_AUTHORIZATION", "HTTP_X_REQUESTED_WITH", "HTTP_X_REQUEST_ID"),
)
BODIES = [
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-7",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "application/json",
    "text/plain; charset=nonsense",
]


@dataclass(frozen=True)
class Asked:
    """A request, but for the arguments that only the database knows."""

    name: str
    who: str = "alice"
    method: str = "get"
    twisted: Mapping[str, str] = field(default_factory=dict)
    query: Fields = field(default_factory=list)
    fields: Fields = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: tuple[str, bytes] | None = None


@cache
def sites() -> dict[str, tuple[str, ...]]:
    return {each.name: each.arguments for each in addresses()}


@cache
def admins() -> dict[str, tuple[str, ...]]:
    """The admin's, of every model that it shows."""
    (resolver,) = (
        each
        for each in get_resolver().url_patterns
        if isinstance(each, URLResolver) and each.namespace == "admin"
    )
    return dict(_named(resolver))


def _named(resolver: URLResolver) -> Iterator[tuple[str, tuple[str, ...]]]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _named(pattern)
        elif pattern.name:
            yield f"admin:{pattern.name}", tuple(pattern.pattern.regex.groupindex)


def pairs(names: list[str], at_most: int = 6) -> st.SearchStrategy[Fields]:
    name = st.sampled_from(names) if names else ANYTHING
    return st.lists(st.tuples(st.one_of(name, name, name, ANYTHING), HOSTILE), max_size=at_most)


def headers() -> st.SearchStrategy[dict[str, str]]:
    return st.dictionaries(st.sampled_from(HEADERS), HEADER, max_size=3)


@st.composite
def told(draw: st.DrawFn, name: str) -> Fields:
    """What the form tells when all is well, with some of it changed, added or left out."""
    fields = {**TOLD_BY_STRANGERS, **TOLD}.get(name, {})
    changed = dict(draw(pairs([*fields, "next", "viewer"])))
    kept = [(key, str(value)) for key, value in fields.items() if draw(st.integers(0, 4))]
    return [*((key, value) for key, value in kept if key not in changed), *changed.items()]


@st.composite
def asked(draw: st.DrawFn) -> Asked:
    name = draw(st.sampled_from(sorted(sites())))
    twistable = st.sampled_from(sites()[name] or ("nothing",))
    acting = st.sampled_from(["post", "post", "post", *METHODS])
    return Asked(
        name,
        draw(st.sampled_from(["alice", "alice", "stranger", "staff"])),
        draw(acting if name in {*TOLD, *TOLD_BY_STRANGERS} else st.sampled_from(METHODS)),
        draw(st.one_of(st.just({}), st.dictionaries(twistable, HOSTILE, max_size=2))),
        draw(pairs(sorted(PARAMETERS))),
        draw(told(name)),
        draw(st.one_of(st.just({}), headers())),
        draw(st.one_of(st.none(), st.tuples(st.sampled_from(BODIES), st.binary(max_size=80)))),
    )


def arguments(hers: Belongings, name: str) -> dict[str, object]:
    return {
        "movie_id": 10,
        "slug": "top-picks",
        "version": "0",
        "kind": "watchlist",
        "year": 2016,
        "uidb36": "1",
        "key": "set-password",
        "app_label": "recommendations",
        **hers.arguments(name),
    }


def path_of(asked: Asked, names: tuple[str, ...], known: Mapping[str, object]) -> str:
    """Arguments that the URLconf would not take stand where those would that it takes."""
    given = {name: known.get(name, 1) for name in names}
    path = reverse(asked.name, kwargs=given)
    for name, value in asked.twisted.items():
        path = path.replace(f"/{given.get(name)}", f"/{quoted(value)}", 1)
    query = "&".join(f"{quoted(name)}={quoted(value)}" for name, value in asked.query)
    return f"{path}?{query}" if query else path


def quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def client_of(who: str) -> Client:
    """One with a form's token: the check reads the body before any view does."""
    client = Client(enforce_csrf_checks=True, headers={"X-CSRFToken": TOKEN})
    client.cookies[settings.CSRF_COOKIE_NAME] = TOKEN
    if who != "stranger":
        client.force_login(User.objects.get(username=who))
    return client


def send(client: Client, asked: Asked, path: str) -> Any:
    """Whatever a view raises is raised here."""
    form = "&".join(f"{quoted(name)}={quoted(value)}" for name, value in asked.fields).encode()
    kind, body = asked.body or (BODIES[0], form)
    extra: dict[str, Any] = dict(asked.headers)
    return client.generic(asked.method.upper(), path, body, kind, **extra)


def is_refused(asked: Asked, answer: HttpResponse) -> bool:
    return answer.status_code >= 400 or asked.method in {"get", "head", "options", "trace"}


def survives(asked: Asked, path: str) -> Any:
    """Ask, and see that nothing broke, and that what was refused has changed nothing."""
    note(f"{asked.who} {asked.method} {path}")
    caches["process"].clear()
    before, client = fingerprint(*COUNTING), client_of(asked.who)
    answer = send(client, asked, path)
    b"".join(answer)  # what is streamed may break late
    assert answer.status_code < 500
    if is_refused(asked, answer):
        after = fingerprint(*COUNTING)
        assert {table for table in before if before[table] != after[table]} == set()
    return answer


#: Who signs in is counted as being here.
COUNTING = ("auth.User",)


@given(asked=asked(), shown=st.sampled_from(SHOWN))
@cases(60)
def test_the_site_survives_every_request(hers: Belongings, asked: Asked, shown: str) -> None:
    with undone():
        path = path_of(asked, sites()[asked.name], arguments(hers, asked.name))
        answer = survives(asked, path)
        if answer.status_code < 400 and asked.method == "post":
            assert client_of("alice").get(reverse(shown)).status_code < 500


# The admin

ADMINS = [
    *("q", "o", "p", "e", "all", "ot", "_to_field", "_popup", "_changelist_filters", "action"),
    *("_selected_action", "select_across", "index", "post", "app_label", "model_name", "term"),
    *("field_name", "year", "rated_at__year", "status__exact", "state__exact", "kind__exact"),
    *("id__in", "viewer__id__exact", "movie__id", "is_staff__exact", "viewer__user__password"),
    *("created_at__gte", "algorithm", "activation", "parameters", "factors", "next"),
]


@st.composite
def asked_of_admin(draw: st.DrawFn) -> Asked:
    name = draw(st.sampled_from(sorted(admins())))
    twistable = st.sampled_from(admins()[name] or ("nothing",))
    return Asked(
        name,
        draw(st.sampled_from(["staff", "staff", "staff", "alice"])),
        draw(st.sampled_from(["get", "get", "post", "post", "head", "put"])),
        draw(st.one_of(st.just({}), st.dictionaries(twistable, HOSTILE, max_size=1))),
        draw(pairs(ADMINS, 4)),
        draw(pairs(ADMINS)),
    )


def initial(client: Client, path: str) -> Fields:
    """What a form of the admin tells when nobody has changed it."""
    context = client.get(path).context
    if context is None or "adminform" not in context:
        return []
    bound = [form for sets in context["inline_admin_formsets"] for form in sets.formset.forms]
    managing = [sets.formset.management_form for sets in context["inline_admin_formsets"]]
    forms = [context["adminform"].form, *managing, *bound]
    fields = [
        (form.add_prefix(name), form[name].value()) for form in forms for name in form.fields
    ]
    return [
        (name, str(value))
        for name, said in fields
        for value in (said if isinstance(said, list) else [said])
        if value is not None
    ]


@pytest.mark.parametrize("host", [str(2**63), "no number", "\x00", "-1", ""])
@pytest.mark.parametrize("field", ["host", "viewers"])
def test_a_form_of_the_admin_comes_back_with_what_is_no_id(
    hers: Belongings, field: str, host: str
) -> None:
    path = reverse("admin:recommendations_filmnight_change", args=[hers.night.pk])
    answer = client_of("staff").post(path, {"viewers": hers.viewer.pk, field: host})
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors


@given(asked=asked_of_admin(), data=st.data())
@cases(40)
def test_the_admin_survives_every_request(
    hers: Belongings, asked: Asked, data: st.DataObject
) -> None:
    with undone():
        try:
            path = path_of(asked, admins()[asked.name], arguments(hers, asked.name))
        except NoReverseMatch:
            return
        if asked.method == "post" and asked.name.endswith(("_add", "_change")):
            fields = initial(client_of("staff"), path.partition("?")[0])
            changed = dict(data.draw(pairs(sorted(dict(fields)), 4)))
            kept = [(name, value) for name, value in fields if name not in changed]
            asked = replace(asked, who="staff", body=None, fields=[*kept, *changed.items()])
        survives(asked, path)
