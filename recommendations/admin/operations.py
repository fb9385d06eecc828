"""The page Operations: what happens, live, and what can be done about it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect

from recommendations.admin.plots import plots
from recommendations.models import PausedQueue, Prediction, TrainedModel
from recommendations.models.workers import QUEUES
from recommendations.operations import mending, supervisor
from recommendations.operations.figures import wording
from recommendations.operations.figures.overview import Overview, lately, overview
from recommendations.operations.figures.problems import problems
from recommendations.operations.figures.workers import QueueFigures
from recommendations.pipeline import trainings

SEE = "recommendations.view_worker"

#: How often a part of the page asks for its successor.
RHYTHM = {"now": "every 5s", "lately": "every 60s"}

View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Action:
    """Something to do, which is asked about before and written down after.

    `do` gets who does it and the queue, and returns what came of it and which model was changed.
    """

    slug: str
    title: str
    question: str
    permission: str
    changes: type[models.Model]
    do: Callable[[User, str], str]
    of_queue: bool = False


def retry(_user: User, _queue: str) -> str:
    done = mending.retry_failed()
    rest = done.failed - done.tried
    more = f" {rest:,} more failed: retry again." if rest else ""
    fresh = " the others are fresh or in flight." if done.asked < done.tried else ""
    return f"Queued {done.asked:,} of {done.tried:,} that failed;{fresh or ' no other did.'}{more}"


def reap(_user: User, _queue: str) -> str:
    return f"Reaped: {supervisor.reap():,} rows were moved."


def retrain(_user: User, _queue: str) -> str:
    model = trainings.ask_for_default()
    if model is None:
        return "A training is queued or running already; wait until it has ended."
    return f"{model} is queued; the training cluster trains it."


def pause(user: User, queue: str) -> str:
    mending.pause(queue, user.get_username())
    return f"The queue {queue} is paused."


def resume(_user: User, queue: str) -> str:
    mending.resume(queue)
    return f"The queue {queue} is open again."


ACTIONS = [
    Action(
        "retry",
        "Retry what failed",
        "What failed within a day, and was not asked for since, is asked for anew.",
        "recommendations.change_prediction",
        Prediction,
        retry,
    ),
    Action(
        "reap",
        "Reap now",
        "What lost workers held goes back to its queue, and what nobody came for is woken for.",
        "recommendations.change_prediction",
        Prediction,
        reap,
    ),
    Action(
        "retrain",
        "Train a new model",
        "The training cluster trains the default algorithm; a worse model is not put to work.",
        "recommendations.change_trainedmodel",
        TrainedModel,
        retrain,
    ),
    Action(
        "pause",
        "Pause the queue",
        "No worker takes anything from it any more; what is at work is finished.",
        "recommendations.change_pausedqueue",
        PausedQueue,
        pause,
        of_queue=True,
    ),
    Action(
        "resume",
        "Resume the queue",
        "Workers take what waits in it.",
        "recommendations.change_pausedqueue",
        PausedQueue,
        resume,
        of_queue=True,
    ),
]


def for_operators(view: View) -> View:
    """For staff who may see workers."""

    @never_cache
    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.has_perm(SEE):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    checked: View = admin.site.admin_view(wrapper)
    return checked


@require_safe
@for_operators
def page(request: HttpRequest) -> HttpResponse:
    live = request.GET.get("live") != "no"
    parts = {name: Part.of(request, name).framed(live=live) for name in RHYTHM}
    context = {"title": "Operations", "live": live, "actions": allowed(request), **parts}
    return render(
        request, "admin/operations/page.html", admin.site.each_context(request) | context
    )


@require_safe
@never_cache
def fragment(request: HttpRequest, name: str) -> HttpResponse:
    """204 while it shows what the browser has seen; who signed out goes to sign in again."""
    if not (admin.site.has_permission(request) and request.user.has_perm(SEE)):
        return HttpResponseClientRedirect(reverse("operations"))
    if name not in RHYTHM:
        raise Http404
    part = Part.of(request, name)
    if part.seen == request.GET.get("seen"):
        return HttpResponse(status=204)
    return HttpResponse(part.framed(live=True))


@dataclass(frozen=True)
class Part:
    """A part of the page, which knows what it shows and asks for its successor."""

    name: str
    body: str

    @classmethod
    def of(cls, request: HttpRequest, name: str) -> "Part":
        shown = CONTEXTS[name]()
        return cls(name, render_to_string(f"admin/operations/_{name}.html", shown, request))

    @property
    def seen(self) -> str:
        return hashlib.sha256(self.body.encode()).hexdigest()[:16]

    def framed(self, *, live: bool) -> str:
        context = {"part": self, "every": RHYTHM[self.name], "live": live}
        return render_to_string("admin/operations/_part.html", context)


def now() -> dict[str, Any]:
    seen = overview()
    return {
        "seen": seen,
        "problems": problems(seen),
        "queues": [(queue, *queue_words(queue)) for queue in seen.queues],
        "workers": worker_rows(seen),
        "model": wording.model(seen.model),
        "schedules": [
            (row, wording.schedule_state(row), wording.last_result(row)) for row in seen.schedules
        ],
        "disk": f"{wording.size(seen.disk.free)} of {wording.size(seen.disk.total)} are free",
    }


def queue_words(queue: QueueFigures) -> tuple[str, str, str]:
    action = "resume" if queue.paused else "pause"
    return wording.duration(queue.oldest_seconds), wording.queue_state(queue), action


def worker_rows(seen: Overview) -> list[dict[str, Any]]:
    return [
        {
            "worker": worker,
            "memory": wording.size(worker.memory),
            "beat": wording.duration(worker.beat_seconds),
            "state": wording.state(worker),
        }
        for worker in seen.workers
    ]


def recent() -> dict[str, Any]:
    found = lately()
    return {
        "plots": [
            *plots("hour", "last hour", found.hour),
            *plots("day", "last day", found.day),
        ],
        "failures": found.failures,
    }


CONTEXTS = {"now": now, "lately": recent}


def allowed(request: HttpRequest) -> list[Action]:
    """What can be done for all queues together."""
    return [
        action
        for action in ACTIONS
        if not action.of_queue and request.user.has_perm(action.permission)
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@for_operators
def act(request: HttpRequest, slug: str, queue: str = "") -> HttpResponse:
    """Ask whether it is meant; do it, and write it down."""
    action = found(slug, queue)
    if not request.user.has_perm(action.permission):
        raise PermissionDenied
    if request.method == "POST":
        assert isinstance(request.user, User)
        said = action.do(request.user, queue)
        write_down(request.user, action, queue, said)
        messages.success(request, said)
        return redirect("operations")
    title = f"{action.title} {queue}".strip()
    context = {"title": title, "action": action}
    return render(
        request, "admin/operations/confirm.html", admin.site.each_context(request) | context
    )


def found(slug: str, queue: str) -> Action:
    for action in ACTIONS:
        if action.slug == slug and action.of_queue == bool(queue):
            break
    else:
        raise Http404
    if queue and queue not in QUEUES:
        raise Http404
    return action


def write_down(user: User, action: Action, queue: str, said: str) -> None:
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(action.changes),
        object_repr=f"{action.title} {queue}".strip(),
        action_flag=CHANGE,
        change_message=said,
    )
