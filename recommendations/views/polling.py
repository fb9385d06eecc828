"""How a fragment asks for its successor: how often, from when, and until what."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRedirect

from recommendations.middleware import viewer_of
from recommendations.pipeline.durations import likely_wait
from recommendations.pipeline.states import Part

FragmentView = Callable[..., HttpResponse]


def for_viewer(view: FragmentView) -> FragmentView:
    """Give the view its viewer. One who is nobody any more goes to the home page as a whole."""

    @never_cache
    @wraps(view)
    def wrapper(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        viewer = viewer_of(request)
        if viewer is None:
            return HttpResponseClientRedirect(reverse("home"))
        return view(request, viewer, *args, **kwargs)

    return wrapper


def asking_since(request: HttpRequest) -> datetime | None:
    """When the page began to poll, as its first poll's address said."""
    try:
        return datetime.fromtimestamp(int(request.GET.get("since", "")), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def unchanged(request: HttpRequest, poll: "Poll | None") -> bool:
    return poll is not None and request.GET.get("seen") == poll.seen


#: While a run was queued or claimed less than this ago, a fragment asks again after so many
#: milliseconds, the first time and then each time.
RHYTHM = [
    (timedelta(seconds=2), 300, 1_000),
    (timedelta(seconds=10), 1_000, 2_000),
    (timedelta(seconds=60), 3_000, 5_000),
    (timedelta.max, 10_000, 15_000),
]


#: Between two polls of a run, in seconds: of what is nearly there, and of what takes long.
SOONEST, LATEST = 0.06, 10.0

#: A run that takes longer is asked for again after this share of what it has waited.
PATIENTLY = 0.25

#: The rhythm when nothing is at work: no model, no worker, or too much to do to ask for more.
IDLE_RHYTHM = (5_000, 10_000)


@dataclass(frozen=True)
class Poll:
    """Where and how often a fragment asks for its successor.

    `since` is when its page began to ask, in seconds of the epoch; `seen` is what it shows now.
    """

    path: str
    since: int
    seen: str
    delay: int
    every: int

    @property
    def url(self) -> str:
        return f"{self.path}?since={self.since}&seen={self.seen}"


def poll_for(part: Part, path: str) -> Poll | None:
    if not part.polls:
        return None
    delay, every = rhythm(part)
    if part.source:
        # Not how far the next is: a shelf of films is left as it is until there are others.
        shown = (part.state, int(part.stalled), part.source.pk)
    else:
        shown = (part.state, round(20 * (part.progress or 0)), every)
    return Poll(path, int(part.since.timestamp()), "-".join(map(str, shown)), delay, every)


def rhythm(part: Part) -> tuple[int, int]:
    """First when the run is likely done; if that takes longer, after a while again."""
    standing = part.standing
    if is_idle(part):
        return IDLE_RHYTHM
    patient = PATIENTLY * standing.waited.total_seconds()
    seconds = min(max(SOONEST, likely_wait(standing), patient), LATEST)
    return round(1000 * seconds), pace(part)


def pace(part: Part) -> int:
    """How often it asks after that, in milliseconds."""
    if is_idle(part):
        return IDLE_RHYTHM[1]
    return next(every for limit, _, every in RHYTHM if part.standing.quiet < limit)


def is_idle(part: Part) -> bool:
    return part.stalled or part.standing.put_off
