"""A line for each request, under an id that all lines of the request carry."""

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from recommendations.logs import bound, path_of

logger = logging.getLogger(__name__)

#: What a proxy's id may look like; another is not taken over.
SANE = re.compile(r"[A-Za-z0-9._=+/-]{1,64}")

#: What is asked for too often to be worth a line.
OFTEN = ("/healthz", "/readyz", "/metrics", settings.STATIC_URL)


class RequestLogMiddleware:
    """Names the request, as a proxy did or anew; lines and the response carry the name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        name = given if SANE.fullmatch(given) else uuid.uuid4().hex
        started = time.perf_counter()
        with bound(request_id=name):
            response = self.get_response(request)
            write(request, response, time.perf_counter() - started)
        response.headers["X-Request-ID"] = name
        # Or Django would write another line, when the name is not at hand any more.
        response._has_been_logged = True  # type: ignore[attr-defined]
        return response


def write(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    viewer = getattr(request, "_viewer", None)
    event = {
        "method": request.method,
        "path": path_of(request),
        "status": response.status_code,
        "ms": round(1000 * seconds, 1),
        "viewer": viewer.pk if viewer else "-",
    }
    seldom = response.status_code >= 500 or not request.path.startswith(OFTEN)
    level = logging.INFO if seldom else logging.DEBUG
    line = "%(method)s %(path)s %(status)s %(ms)s ms viewer=%(viewer)s"
    logger.log(level, line, event, extra=event)
    if settings.METRICS_FOLDER:
        from recommendations.request_metrics import observe

        observe(request.method or "", response.status_code, seconds)
