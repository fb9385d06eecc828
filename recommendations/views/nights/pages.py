"""Film night: a host shares a link, others join, and the page shows what suits them all."""

import uuid
from functools import partial

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from recommendations.forms.nights import NameForm
from recommendations.middleware import viewer_of
from recommendations.models import FilmNight, Viewer
from recommendations.models.night import LEAST_RATINGS, MOST_VIEWERS
from recommendations.models.prediction import HOME
from recommendations.pipeline import requests
from recommendations.views.nights.presenters import NightPage, night_page
from recommendations.views.polling import asking_since, for_viewer, unchanged
from recommendations.views.posting import by_whom_it_was_drawn_for
from recommendations.views.standings import healed

FULL = f"This film night is full: {MOST_VIEWERS} watch already."
TOO_FEW = f"Rate at least {LEAST_RATINGS} films first; then there is something to go by."


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@by_whom_it_was_drawn_for
def nights(request: HttpRequest) -> HttpResponse:
    """The viewer's film nights; a POST starts another."""
    viewer = viewer_of(request)
    form = NameForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if viewer is None or not may_join(viewer):
            messages.error(request, TOO_FEW)
            return redirect("nights")
        form.rename(viewer)
        return redirect(FilmNight.start(viewer))
    mine = viewer.nights.current() if viewer else FilmNight.objects.none()
    context = {"nights": mine.select_related("host"), "viewer": viewer}
    return render(request, "recommendations/nights.html", context | about(viewer, form))


def may_join(viewer: Viewer | None) -> bool:
    return viewer is not None and viewer.ratings.count() >= LEAST_RATINGS


def about(viewer: Viewer | None, form: NameForm) -> dict[str, object]:
    """What the pages say that start or join a night."""
    return {
        "form": form,
        "may_join": may_join(viewer),
        "is_nameless": viewer is not None and viewer.is_nameless,
        "least": LEAST_RATINGS,
        "most": MOST_VIEWERS,
    }


@require_safe
@never_cache
def night(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    found, viewer = get_object_or_404(FilmNight.objects.current(), token=token), viewer_of(request)
    if viewer is None or not found.has(viewer):
        return draw_invitation(request, found, viewer, NameForm())
    context = {"page": page_of(request, found, viewer), "url": request.build_absolute_uri()}
    return render(request, "recommendations/night.html", context)


def draw_invitation(
    request: HttpRequest, night: FilmNight, viewer: Viewer | None, form: NameForm
) -> HttpResponse:
    context = {"night": night, "is_full": night.is_full}
    return render(request, "recommendations/night_join.html", context | about(viewer, form))


def page_of(request: HttpRequest, night: FilmNight, viewer: Viewer) -> NightPage:
    look = partial(healed, request, key=HOME)
    return night_page(night, viewer, look, asking_since(request))


@require_safe
@for_viewer
def picks(request: HttpRequest, viewer: Viewer, token: uuid.UUID) -> HttpResponse:
    """Who watches and what. One who was removed, or whose night has ended, goes elsewhere."""
    found = FilmNight.objects.current().filter(token=token).first()
    if found is None:
        messages.info(request, "This film night has ended.")
        return HttpResponseClientRedirect(reverse("nights"))
    if not found.has(viewer):
        return HttpResponseClientRedirect(found.get_absolute_url())
    page = page_of(request, found, viewer)
    if unchanged(request, page.poll):
        return HttpResponse(status=204)
    context: dict[str, object] = {"page": page}
    if page.picks and not page.is_waiting:
        context["announcement"] = "The films for all of you are up to date."
    return render(request, "recommendations/_night.html", context)


@require_POST
@by_whom_it_was_drawn_for
def join(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    found, viewer = get_object_or_404(FilmNight.objects.current(), token=token), viewer_of(request)
    form = NameForm(request.POST)
    if not form.is_valid():
        return draw_invitation(request, found, viewer, form)
    if viewer is None or not may_join(viewer):
        messages.error(request, TOO_FEW)
    elif not found.join(viewer):
        messages.error(request, FULL)
    else:
        form.rename(viewer)
    return redirect(found)


def night_of_member(request: HttpRequest, token: uuid.UUID) -> tuple[FilmNight, Viewer]:
    """Somebody else's night is not found."""
    viewer = viewer_of(request)
    if viewer is None:
        raise Http404("Nobody is nobody's guest.")
    return get_object_or_404(viewer.nights.current(), token=token), viewer


@require_POST
def leave(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    found, viewer = night_of_member(request, token)
    if viewer.pk == found.host_id:
        raise Http404("A host ends the night.")
    found.viewers.remove(viewer)
    messages.success(request, "You have left the film night.")
    return redirect("nights")


@require_POST
def remove(request: HttpRequest, token: uuid.UUID, viewer_id: int) -> HttpResponse:
    found, viewer = night_of_member(request, token)
    others = found.viewers.exclude(pk=found.host_id)
    other = get_object_or_404(others, pk=viewer_id)
    if viewer.pk != found.host_id:
        raise Http404("Only the host removes people.")
    found.viewers.remove(other)
    messages.success(request, f"{other} is removed.")
    return redirect(found)


@require_POST
def end(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    found, viewer = night_of_member(request, token)
    if viewer.pk != found.host_id:
        raise Http404("Only the host ends the night.")
    found.delete()
    messages.success(request, "The film night has ended.")
    return redirect("nights")


@require_POST
def retry_night(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    """Ask again for everybody's picks that could not be made."""
    found, _ = night_of_member(request, token)
    for member in found.members():
        requests.retry(member, HOME)
    return redirect(found)
