"""Pages for what went wrong, in the site's own look."""

import sys

from django.contrib import messages
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRefresh

TOO_LARGE = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, TOO_LARGE):
        return render(request, "413.html", status=413)
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


#: What allauth asks to wait for: its windows are of up to an hour, and most of five minutes.
A_WHILE = 300


def too_often(request: HttpRequest, wait: int = A_WHILE) -> HttpResponse:
    response = render(request, "429.html", {"wait": wait}, status=429)
    response.headers["Retry-After"] = str(wait)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Without the request's context: what failed may be the very thing that fills it.

    A database that is away is not our fault, and passes: that is a 503.
    """
    if isinstance(sys.exception(), OperationalError | InterfaceError):
        response = render(None, "503.html", status=503)
        response.headers["Retry-After"] = "10"
        return response
    return render(None, "500.html", status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Signing in rotates the token; an HTMX request from an older tab loads its page anew."""
    if request.headers.get("HX-Request"):
        messages.warning(request, "Who you are here has changed elsewhere; please do that again.")
        return HttpResponseClientRefresh()
    return render(request, "403_csrf.html", status=403)
