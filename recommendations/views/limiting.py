"""Whoever does more than anybody would is asked to wait, before anything is done."""

from collections.abc import Callable
from contextlib import suppress

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from recommendations.middleware import address_of
from recommendations.pipeline.limits import Limit, TooOften, count
from recommendations.pipeline.patience import DatabaseBusy, impatient
from recommendations.views import errors


class LimitMiddleware:
    """Counts what is posted, once for a viewer's account, else for the address it comes from.

    While another writer locks the database an action is not counted rather than delayed.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> HttpResponse | None:
        limit = limit_on(request)
        if limit is None:
            return None
        try:
            with suppress(DatabaseBusy), impatient():
                count(limit, asker_of(request))
        except TooOften as refusal:
            return refused(request, refusal.wait)
        return None


def name_of(request: HttpRequest) -> str:
    assert request.resolver_match
    return request.resolver_match.url_name or ""


def limit_on(request: HttpRequest) -> Limit | None:
    """None for what staff does in the admin, and where allauth counts."""
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return None
    assert request.resolver_match
    if "admin" in request.resolver_match.app_names or name_of(request).startswith("account_"):
        return None
    return Limit.IMPORTS if name_of(request) == "import" else Limit.ACTIONS


def asker_of(request: HttpRequest) -> str:
    user = request.user
    return f"user:{user.pk}" if user.is_authenticated else f"address:{address_of(request)}"


def refused(request: HttpRequest, wait: int) -> HttpResponse:
    """A page; from a fragment a notice that leaves everything else as it is."""
    if not name_of(request).startswith("fragment-"):
        return errors.too_often(request, wait)
    response = render(request, "recommendations/_too_often.html", {"wait": wait})
    response.headers["HX-Reswap"] = "none"
    response.headers["Retry-After"] = str(wait)
    return response
