"""What forms say beside what they ask: whom their page was drawn for, and which page it was."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from recommendations.models import Viewer

#: Longer addresses are none of ours, and too long for a header.
LONGEST = 4_000


class SomebodyElse(Exception):
    """The page was drawn for a viewer who is not the one that posts: a login has ended since."""


def refuse_somebody_else(meant: int | None, viewer: Viewer | None) -> None:
    if meant is not None and (viewer is None or viewer.pk != meant):
        raise SomebodyElse


def came_from(request: HttpRequest, otherwise: str) -> str:
    """The page that a form says it was on, if it is one of ours."""
    return _if_ours(request, request.POST.get("next", ""), otherwise)


def sent_from(request: HttpRequest, otherwise: str) -> str:
    """The page that the browser says it was on, if it is one of ours."""
    return _if_ours(request, request.headers.get("Referer", ""), otherwise)


def _if_ours(request: HttpRequest, page: str, otherwise: str) -> str:
    if len(page) > LONGEST or not page.startswith(("/", "http://", "https://")):
        return otherwise  # a bare word would be taken for the name of a URL
    ours = url_has_allowed_host_and_scheme(
        page, {request.get_host()}, require_https=request.is_secure()
    )
    return page if ours else otherwise
