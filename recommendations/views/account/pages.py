"""The account page: what is known of somebody here, to change, to take away, to delete."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from recommendations import own_data
from recommendations.forms.accounts import EmailForm, PasswordForm
from recommendations.middleware import guests_of, viewer_made_for, viewer_of
from recommendations.models import Viewer
from recommendations.models.leaving import LastSuperuser, delete_account
from recommendations.views.posting import by_whom_it_was_drawn_for

LAST_SUPERUSER = (
    "You are the last who can administer this site, so your account stays. "
    "Make another superuser first."
)
DELETED = "All that this site knew of you is deleted."


@require_safe
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    user = request.user
    return draw_page(request, EmailForm(user) if isinstance(user, User) else None)


def draw_page(request: HttpRequest, form: EmailForm | None) -> HttpResponse:
    viewer = viewer_of(request)
    context = {
        "viewer": viewer,
        "rating_count": viewer.ratings.count() if viewer else 0,
        "form": form,
    }
    return render(request, "account/account.html", context)


@never_cache
@login_required
@sensitive_post_parameters("password")
def change_email(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":  # who was signed out meanwhile comes back so
        return redirect("account")
    assert isinstance(request.user, User)
    form = EmailForm(request.user, request.POST)
    if not form.is_valid():
        return draw_page(request, form)
    form.save()
    messages.success(request, "Your e-mail address is changed.")
    return redirect("account")


ViewerView = Callable[[HttpRequest, Viewer], HttpResponse]


def of_somebody(view: ViewerView) -> Callable[[HttpRequest], HttpResponse]:
    """Give the view the viewer, if only a guest. Of a stranger there is nothing."""

    @never_cache
    @wraps(view)
    def wrapper(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, viewer_made_for(request))
        viewer = viewer_of(request)
        if viewer is None:
            raise Http404("Nothing is known of you here.")
        return view(request, viewer)

    return wrapper


@require_safe
@of_somebody
def export_json(request: HttpRequest, viewer: Viewer) -> HttpResponse:  # noqa: ARG001
    shape = {"ensure_ascii": False, "indent": 1}
    response = JsonResponse(own_data.everything(viewer), json_dumps_params=shape)
    return download(response, "json")


@require_safe
@of_somebody
def export_zip(request: HttpRequest, viewer: Viewer) -> HttpResponse:  # noqa: ARG001
    packed = own_data.archive(viewer)
    return download(HttpResponse(packed, content_type="application/zip"), "zip")


def download(response: HttpResponse, suffix: str) -> HttpResponse:
    name = f"recsite-{timezone.localdate()}.{suffix}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@by_whom_it_was_drawn_for
@of_somebody
@sensitive_post_parameters("password")
def delete(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Ask once more, an account for its password; then delete all of it."""
    user = request.user
    posted = request.POST if request.method == "POST" else None
    form = PasswordForm(user, posted) if isinstance(user, User) else None
    if request.method != "POST" or (form and not form.is_valid()):
        context = {"form": form, "rating_count": viewer.ratings.count()}
        return render(request, "account/delete.html", context)
    try:
        delete_all_of(request)
    except LastSuperuser:
        messages.error(request, LAST_SUPERUSER)
        return redirect("account")
    logout(request)
    messages.success(request, DELETED)
    return redirect("home")


def delete_all_of(request: HttpRequest) -> None:
    if isinstance(request.user, User):
        delete_account(request.user)
    else:
        Viewer.objects.filter(pk__in=guests_of(request), kind=Viewer.Kind.GUEST).delete()
