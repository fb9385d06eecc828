"""Requests that are too large, or that no browser sends: a page that says so, never an error."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.signals import request_started
from django.db import close_old_connections
from django.test import Client, RequestFactory

from recommendations.importers.exports.reading import LARGEST
from recsite.wsgi import application

FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=b"

#: Python knows them, and none is a way to write text.
ENCODINGS = ["rot13", "zlib", "undefined", "utf-16", "idna", "unicode_escape", "martian", "a b"]


def part(name: str, content: bytes, file: str = "") -> bytes:
    named = f'form-data; name="{name}"' + (f'; filename="{file}"' if file else "")
    return f"--b\r\nContent-Disposition: {named}\r\n\r\n".encode() + content + b"\r\n"


def post(path: str, body: bytes, kind: str) -> Any:
    return Client(raise_request_exception=False).generic("POST", path, body, kind)


@pytest.mark.parametrize("path", ["/nights/", "/account/login/", "/admin/login/", "/retry/"])
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"name=" + b"x" * 3_000_000, FORM),
        (b"&".join(b"a%d=1" % number for number in range(1_100)), FORM),
        (part("name", b"x" * 3_000_000) + b"--b--\r\n", PARTS),
        (b"".join(part(f"a{n}", b"1") for n in range(1_100)) + b"--b--\r\n", PARTS),
        (b"".join(part(f"f{n}", b"1", "x") for n in range(110)) + b"--b--\r\n", PARTS),
    ],
    ids=["a large body", "many fields", "a large part", "many parts", "many files"],
)
def test_too_much_is_a_request_too_large(db: None, path: str, body: bytes, kind: str) -> None:
    answer = post(path, body, kind)
    assert answer.status_code == 413
    assert "more than this site takes" in answer.content.decode()
    assert "rec<b>site</b>" in answer.content.decode()


def test_too_much_is_said_to_be_so_also_without_a_token(db: None) -> None:
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    client.get("/account/login/")
    answer = client.generic("POST", "/nights/", b"name=" + b"x" * 3_000_000, FORM)
    assert answer.status_code == 413


def test_an_address_may_not_have_too_many_parameters_either(db: None) -> None:
    many = "&".join(f"a{number}=1" for number in range(1_100))
    assert Client(raise_request_exception=False).get(f"/browse/?{many}").status_code == 413


@pytest.mark.parametrize("body", [b"x", b"--b\r\nContent-Disposition: form-da", b""])
@pytest.mark.parametrize("kind", [PARTS, "multipart/form-data", "multipart/form-data; boundary="])
def test_what_is_no_form_is_no_error_of_ours(db: None, body: bytes, kind: str) -> None:
    answer = post("/import/", body, kind)
    assert answer.status_code in {200, 400}
    assert "<h1" in answer.content.decode()


def status_of(method: str, path: str, body: bytes, kind: str) -> str:
    """What gunicorn is told; the test client has a handler of its own."""
    told: list[str] = []

    def start(status: str, *_: object) -> Callable[[bytes], object]:
        told.append(status)
        return told.__contains__

    token = "x" * 32
    known = {"HTTP_COOKIE": f"csrftoken={token}", "HTTP_X_CSRFTOKEN": token}
    asked = RequestFactory().generic(method, path, body)
    application(asked.META | known | {"CONTENT_TYPE": kind}, start)
    return told[0]


@pytest.fixture
def one_connection(db: None) -> Iterator[None]:
    """A request must not close the connection that holds the test's transaction."""
    request_started.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)


@pytest.mark.usefixtures("one_connection")
@pytest.mark.parametrize("form", ["{}", '"{}"', "{}; x=y"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_text_is_utf_8_whatever_a_header_says(encoding: str, form: str) -> None:
    named = form.format(encoding)
    parts = part("name", b"\xff") + b"--b--\r\n"
    assert status_of("GET", "/browse/?q=%ff", b"", f"text/plain; charset={named}") == "200 OK"
    assert status_of("POST", "/nights/", b"name=%ff", f"{FORM};charset={named}") == "302 Found"
    assert status_of("POST", "/nights/?q=%ff", parts, f"{PARTS}; CHARSET*={named}") == "302 Found"


def test_a_file_may_be_as_large_as_an_export_and_no_larger(db: None) -> None:
    assert settings.DATA_UPLOAD_MAX_MEMORY_SIZE < LARGEST
    much = part("file", b"Name,Year,Rating\n" + b"x" * LARGEST, "ratings.csv") + b"--b--\r\n"
    answer = post("/import/", much, PARTS)
    assert answer.status_code == 200
    assert "larger than 20 MB" in answer.content.decode()
