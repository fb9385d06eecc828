"""What machines ask: is the process alive, is the site ready, and what are its figures."""

import secrets
from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers
from prometheus_client import CONTENT_TYPE_LATEST

from recommendations.operations.metrics import exposition
from recommendations.operations.readiness import missing

PLAIN = "text/plain; charset=utf-8"


class ProbesMiddleware:
    """Answers before anything asks for the host, for HTTPS, a session or the database.

    A load balancer asks by address, which is in nobody's ALLOWED_HOSTS, and over plain HTTP.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info)
        if probe is None:
            return self.get_response(request)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        response = probe(request)
        response.headers["X-Content-Type-Options"] = "nosniff"
        add_never_cache_headers(response)
        return response


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("alive\n", content_type=PLAIN)


def readyz(request: HttpRequest) -> HttpResponse:
    lines = missing()
    said = "\n".join(lines or ["ready"])
    return HttpResponse(f"{said}\n", content_type=PLAIN, status=503 if lines else 200)


def metrics(request: HttpRequest) -> HttpResponse:
    """For nobody else there is such a page."""
    if not (knows_token(request) or comes_from_near(request)):
        return HttpResponse("not found\n", content_type=PLAIN, status=404)
    try:
        return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)
    except Error:
        return HttpResponse("database: it does not answer\n", content_type=PLAIN, status=503)


def knows_token(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").encode()
    wanted = f"Bearer {settings.METRICS_TOKEN}".encode()
    return bool(settings.METRICS_TOKEN) and secrets.compare_digest(given, wanted)


def comes_from_near(request: HttpRequest) -> bool:
    try:
        address = ip_address(client_address(request))
    except ValueError:
        return False
    return any(address in network for network in settings.METRICS_ALLOW)


def client_address(request: HttpRequest) -> str:
    """Who asks. What came through a proxy that nobody named is not as near as the proxy is."""
    forwarded = request.headers.get("X-Forwarded-For") or request.headers.get("Forwarded")
    if not forwarded:
        return str(request.META.get("REMOTE_ADDR", ""))
    hops = forwarded.split(",")
    proxies = settings.TRUSTED_PROXIES
    return hops[-proxies].strip() if 0 < proxies <= len(hops) else ""


PROBES = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}
