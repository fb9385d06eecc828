"""Taste controls: a page of their own, a panel above the shelves, and what they change at once."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import trigger_client_event

from recommendations.forms.controls import ControlsForm, panel
from recommendations.middleware import viewer_made_for, viewer_of
from recommendations.models import TasteControls, Viewer
from recommendations.models.prediction import HOME
from recommendations.models.taste import Taste
from recommendations.shelves import SHOWN, controlled
from recommendations.views.cards import unrated
from recommendations.views.home import presenters
from recommendations.views.posting import by_whom_it_was_drawn_for, came_from
from recommendations.views.standings import standing_of

#: What shelves listen to.
CHANGED = "controls-changed"


def picks(viewer: Viewer | None) -> presenters.ShelfView | None:
    """*Top picks* under the controls, from stored scores; None if there are none yet."""
    scores = getattr(viewer, "scores", None)
    if scores is None:
        return None
    controls = TasteControls.of(viewer)
    films = controlled.top_picks(scores, controls, SHOWN)
    title = ", ".join(["Top picks", *controls.words])
    cards = unrated(films, viewer)
    return presenters.ShelfView("controlled-picks", title, "", cards=cards)


@transaction.atomic
def changed(request: HttpRequest) -> ControlsForm:
    """The form as it was posted, stored if it is valid."""
    viewer, stored = viewer_of(request), None
    if viewer:
        viewer.lock()  # two changes at once would both make the first row
        stored = TasteControls.objects.filter(viewer=viewer).first()
    form = ControlsForm(request.POST, instance=stored or TasteControls())
    if form.is_valid():
        form.instance.viewer = viewer_made_for(request)
        form.save()
    return form


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@by_whom_it_was_drawn_for
def controls(request: HttpRequest) -> HttpResponse:
    form = changed(request) if request.method == "POST" else None
    if form and form.is_valid():
        messages.success(request, "Your taste controls are set.")
        return redirect(came_from(request, reverse("controls")))
    viewer = viewer_of(request)
    context = {**panel(viewer, form), "open": True, "shelf": picks(viewer)}
    return render(request, "recommendations/controls.html", context)


@require_POST
@by_whom_it_was_drawn_for
def reset(request: HttpRequest) -> HttpResponse:
    TasteControls.objects.filter(viewer=viewer_of(request)).delete()
    messages.success(request, "Your taste controls are as they were at first.")
    return redirect(came_from(request, reverse("controls")))


@require_POST
@never_cache
@by_whom_it_was_drawn_for
def controls_fragment(request: HttpRequest) -> HttpResponse:
    form = changed(request)
    return _panel(request, None if form.is_valid() else form)


@require_POST
@never_cache
@by_whom_it_was_drawn_for
def reset_fragment(request: HttpRequest) -> HttpResponse:
    TasteControls.objects.filter(viewer=viewer_of(request)).delete()
    return _panel(request, None)


def _panel(request: HttpRequest, form: ControlsForm | None) -> HttpResponse:
    context = {**panel(viewer_of(request), form), "open": True}
    context["controls_next"] = request.POST.get("next", "")
    if form:
        return render(request, "recommendations/_controls.html", context)
    context["announcement"] = "Your picks follow the taste controls."
    response = render(request, "recommendations/_controls.html", context)
    return trigger_client_event(response, CHANGED, after="settle")


@require_safe
@never_cache
def picks_fragment(request: HttpRequest) -> HttpResponse:
    context = {"shelf": picks(viewer_of(request))}
    return render(request, "recommendations/_controlled_picks.html", context)


@require_safe
@never_cache
def shelves_fragment(request: HttpRequest) -> HttpResponse:
    """All the shelves of the home page."""
    viewer = viewer_of(request)
    taste = viewer.taste() if viewer else Taste()
    page = presenters.home(viewer, standing_of(request, viewer, taste, HOME), taste)
    return render(
        request, "recommendations/_shelves.html", {"shelves": page.shelves, "poll": page.poll}
    )
