"""Your taste: its page, one year of it in review, and the viewers nearest in it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from recommendations.middleware import viewer_of
from recommendations.models import Viewer
from recommendations.models.prediction import TASTE
from recommendations.pipeline import requests
from recommendations.pipeline.states import State
from recommendations.views.polling import asking_since, for_viewer, unchanged
from recommendations.views.standings import healed, may_request
from recommendations.views.taste import presenters


@require_safe
@never_cache
def taste(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    page = presenters.taste_page(viewer) if viewer else None
    context: dict[str, object] = {"taste": page, "least": presenters.LEAST_RATINGS}
    if viewer and page:
        look = requests.ensure if may_request(request) else requests.standing
        context["nearest"] = presenters.nearest(look(viewer, TASTE))
    return render(request, "recommendations/taste.html", context)


@require_safe
@never_cache
def year(request: HttpRequest, year: int) -> HttpResponse:
    viewer = viewer_of(request)
    page = presenters.year_page(viewer, year) if viewer else None
    if page is None:
        raise Http404(f"Nothing was rated in {year}.")
    return render(request, "recommendations/taste_year.html", {"page": page})


@require_safe
@for_viewer
def nearest(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    return _draw_nearest(request, viewer)


@require_POST
@for_viewer
def retry_nearest(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    requests.retry(viewer, TASTE)
    return _draw_nearest(request, viewer)


def _draw_nearest(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    found = presenters.nearest(healed(request, viewer, TASTE), asking_since(request))
    if unchanged(request, found.poll):
        return HttpResponse(status=204)
    context: dict[str, object] = {"nearest": found}
    if found.state == State.READY and not found.refreshing:
        context["announcement"] = "The viewers nearest in taste are found."
    return render(request, "recommendations/_nearest.html", context)
