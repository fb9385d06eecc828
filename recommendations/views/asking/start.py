"""The first minute: what do you like?"""

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from recommendations.middleware import viewer_made_for, viewer_of
from recommendations.models.prediction import HOME
from recommendations.models.taste_groups import choose, more_of, taste_groups
from recommendations.pipeline import requests
from recommendations.views.posting import by_whom_it_was_drawn_for

#: Posters on the card of a group.
POSTERS = 4


@require_safe
@never_cache
def start(request: HttpRequest) -> HttpResponse:
    groups, viewer = taste_groups(), viewer_of(request)
    if not groups:
        return redirect("start-films")
    more = more_of(viewer) if viewer else set()
    cards = [(group, group.films[:POSTERS], group.is_chosen(more)) for group in groups]
    return render(request, "recommendations/start.html", {"cards": cards})


@require_POST
@by_whom_it_was_drawn_for
def choose_groups(request: HttpRequest) -> HttpResponse:
    """Nobody becomes a guest by choosing nothing."""
    groups, given = taste_groups(), request.POST.getlist("group")
    places = {group.place for group in groups if str(group.place) in given}
    if places or viewer_of(request):
        with transaction.atomic():
            viewer = viewer_made_for(request)
            if choose(viewer, groups, places) and viewer.has_taste():
                requests.ensure(viewer, HOME)
    return redirect("start-films")
