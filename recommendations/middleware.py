"""Who is looking: the signed-in account's viewer, or the guest that the session holds."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from recommendations.models import Viewer

#: The session key that holds a guest's viewer.
GUEST = "viewer"


class ViewerMiddleware:
    """Gives each request a lazy `viewer`, which is None until somebody has rated or signed in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.viewer = SimpleLazyObject(lambda: find_viewer(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def find_viewer(request: HttpRequest) -> Viewer | None:
    if request.user.is_authenticated:
        return Viewer.objects.filter(user=request.user).first()
    guest = request.session.get(GUEST)
    return Viewer.objects.filter(pk=guest, kind=Viewer.Kind.GUEST).first() if guest else None
