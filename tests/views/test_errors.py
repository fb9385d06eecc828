"""Error pages in the site's own look, each of which can be drawn when little else works."""

import pytest
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from recsite import urls


def fail(request: HttpRequest, how: str) -> HttpResponse:
    raise {
        "bad": BadRequest,
        "forbidden": PermissionDenied,
        "missing": Http404,
        "broken": RuntimeError,
    }[how]


urlpatterns = [path("fail/<slug:how>/", fail), path("", include("recsite.urls"))]
handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("how", "status"), [("bad", 400), ("forbidden", 403), ("missing", 404), ("broken", 500)]
)
def test_it_has_its_own_page(db: None, how: str, status: int) -> None:
    page = Client(raise_request_exception=False).get(f"/fail/{how}/")
    assert page.status_code == status
    html = page.content.decode()
    assert f"{status}" in html
    assert "rec<b>site</b>" in html
    assert "Traceback" not in html
    assert "unsafe" not in page.headers["Content-Security-Policy"]


def test_a_stale_token_has_a_page_that_says_what_to_do(db: None) -> None:
    page = Client(enforce_csrf_checks=True).post(
        "/account/login/", {"login": "x", "password": "y"}
    )
    assert page.status_code == 403
    assert "rec<b>site</b>" in page.content.decode()


def test_an_unknown_host_is_a_bad_request(client: Client) -> None:
    assert client.get("/", headers={"Host": "elsewhere.example"}).status_code == 400
