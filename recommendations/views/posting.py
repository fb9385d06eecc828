"""What forms say beside what they ask: whom their page was drawn for, and which page it was."""

import re
from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from recommendations.middleware import viewer_of
from recommendations.models import Viewer

NOT_CHANGED = "You are somebody else here now, so nothing was changed. Sign in again, or go on."

#: Longer addresses are none of ours, and too long for a header.
LONGEST = 4_000


class SomebodyElse(Exception):
    """The page was drawn for a viewer who is not the one that posts: a login has ended since."""


def refuse_somebody_else(meant: int | None, viewer: Viewer | None) -> None:
    if meant is not None and (viewer is None or viewer.pk != meant):
        raise SomebodyElse


def by_whom_it_was_drawn_for(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Do nothing of what comes from a page that was drawn for somebody else."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            refuse_somebody_else(_meant(request.POST.get("viewer", "")), viewer_of(request))
        except SomebodyElse:
            messages.error(request, NOT_CHANGED)
            return _led_back(request)
        return view(request, *args, **kwargs)

    return wrapper


def _meant(viewer: str) -> int | None:
    return int(viewer) if re.fullmatch("[0-9]{1,18}", viewer) else None


def _led_back(request: HttpRequest) -> HttpResponse:
    page, found = sent_from(request, reverse("home")), request.resolver_match
    if found and (found.url_name or "").startswith("fragment-"):
        return HttpResponseClientRedirect(page)
    return redirect(page)


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
