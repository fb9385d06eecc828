"""Where a run stands for who is looking: asked for by a visit, mended by a poll."""

import re
from contextlib import suppress

from django.http import HttpRequest

from recommendations.models import Prediction, Viewer
from recommendations.models.taste import Taste
from recommendations.pipeline import reaping, requests
from recommendations.pipeline.patience import DatabaseBusy, impatient

#: Readers that follow links but look at no picks.
BOT = re.compile(r"bot|crawl|spider|slurp|preview", re.IGNORECASE)


def may_request(request: HttpRequest) -> bool:
    """Whether a visit is somebody looking, for whom a prediction is worth queueing."""
    return request.method == "GET" and not BOT.search(request.headers.get("User-Agent", ""))


def standing_of(
    request: HttpRequest, viewer: Viewer | None, taste: Taste, key: str
) -> requests.Standing | None:
    """Where `key` stands for the viewer, asked for if it is missing or stale."""
    if viewer is None or not taste.is_known:
        return None
    return requests.ensure(viewer, key) if may_request(request) else requests.standing(viewer, key)


def healed(
    request: HttpRequest, viewer: Viewer, key: str, taste: Taste | None = None
) -> requests.Standing:
    """Where `key` stands, asked for if need be, after mending what the poll has found broken.

    Who knows the viewer's taste says so, or it is looked at once more.
    """
    known = taste.is_known if taste else viewer.has_taste()
    if request.method == "HEAD" or not known:
        return requests.standing(viewer, key)
    now = requests.ensure(viewer, key)
    if not now.needs_healing:
        return now
    assert now.in_flight
    with suppress(DatabaseBusy), impatient():
        reaping.reap(Prediction.objects.filter(pk=now.in_flight.pk))
    return requests.standing(viewer, key)
