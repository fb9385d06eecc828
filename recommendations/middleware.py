"""Who is looking: the signed-in account's viewer, or the guest that the session holds."""

import ipaddress
from collections.abc import Callable
from contextlib import suppress

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from recommendations.models import Catalogue, Viewer
from recommendations.pipeline.patience import DatabaseBusy, impatient

#: The session key that holds a guest's viewer.
GUEST = "guest"

#: The session key of the guest who went to browse as somebody else, to come back to.
AWAY = "guest-away"


class ViewerMiddleware:
    """Gives each request what templates ask for, looked up when they do.

    `viewer` is None until somebody rates or signs in, `catalogue` until a data set is imported.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.viewer = SimpleLazyObject(lambda: viewer_of(request))  # type: ignore[attr-defined]
        request.catalogue = SimpleLazyObject(catalogue)  # type: ignore[attr-defined]
        return self.get_response(request)


def catalogue() -> Catalogue | None:
    """The data set of this site, which hardly ever changes: looked up once a minute."""
    return caches["process"].get_or_set("catalogue", Catalogue.objects.first, timeout=60)


def viewer_of(request: HttpRequest) -> Viewer | None:
    """The viewer of this request, looked up once."""
    if not hasattr(request, "_viewer"):
        found = request._viewer = _find(request)  # type: ignore[attr-defined]
        if found:
            found.asks_from = address_of(request)
            _note_visit(request, found)
    viewer: Viewer | None = request._viewer  # type: ignore[attr-defined]
    return viewer


def _note_visit(request: HttpRequest, viewer: Viewer) -> None:
    with suppress(DatabaseBusy), impatient():
        if viewer.touch():
            request.session.modified = True  # which keeps it for as long again


def _find(request: HttpRequest) -> Viewer | None:
    if request.user.is_authenticated:
        return Viewer.objects.filter(user=request.user).first()
    guest = request.session.get(GUEST)
    return Viewer.objects.filter(pk=guest, kind=Viewer.Kind.GUEST).first() if guest else None


def guests_of(request: HttpRequest) -> list[int]:
    """The guests of the session: the one who looks, and one who went to browse as another."""
    return [request.session[key] for key in (AWAY, GUEST) if key in request.session]


def signed_in_as(request: HttpRequest, viewer: Viewer) -> None:
    """From now on the account's viewer looks, and no guest waits in the session."""
    for key in (AWAY, GUEST):
        request.session.pop(key, None)
    request._viewer = viewer  # type: ignore[attr-defined]


def viewer_made_for(request: HttpRequest) -> Viewer:
    """The viewer of this request, made now if there is none: on a first rating, never on GET."""
    viewer = viewer_of(request)
    if viewer is None:
        if request.user.is_authenticated:
            viewer = Viewer.for_user(request.user)
        else:
            viewer = Viewer.objects.create(display_name="Guest")
            request.session[GUEST] = viewer.pk
        viewer.asks_from = address_of(request)
        request._viewer = viewer  # type: ignore[attr-defined]
    return viewer


def address_of(request: HttpRequest) -> str:
    """Where the request came from, as the last of the trusted proxies says.

    Of IPv6 the first half: the other is whatever a household likes.
    """
    hops, trusted = request.headers.get("X-Forwarded-For", "").split(","), settings.TRUSTED_PROXIES
    given = hops[-trusted] if 0 < trusted <= len(hops) else ""
    try:
        address = ipaddress.ip_address(given.strip() or request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return "unknown"
    if address.version == 4:
        return str(address)
    return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))
