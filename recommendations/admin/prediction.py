from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django_q.models import Task

from recommendations.models import Movie, Prediction, Scores
from recommendations.pipeline import requests


class KeyFilter(admin.SimpleListFilter):
    """Home, taste or film runs: the films themselves are too many to list."""

    title = "key"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("home", "home"), ("taste", "taste"), ("film", "film")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "home" | "taste" as key:
                return queryset.filter(key=key)
            case "film":
                return queryset.filter(key__startswith="film:")
        return queryset


class ReadOnlyAdmin(admin.ModelAdmin):
    """For rows that only workers write. Its actions need the permission to change."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_operate_permission(self, request: HttpRequest) -> bool:
        change = get_permission_codename("change", self.opts)
        return bool(request.user.has_perm(f"{self.opts.app_label}.{change}"))


@admin.register(Prediction)
class PredictionAdmin(ReadOnlyAdmin):
    list_display = [
        "id",
        "viewer",
        "key",
        "status",
        "reason",
        "model",
        "attempt",
        "queue_time",
        "run_time",
        "requested_at",
    ]
    list_display_links = ["id", "viewer"]
    list_filter = ["status", KeyFilter, "model"]
    list_select_related = ["viewer", "model"]
    search_fields = ["viewer__display_name", "=key"]
    actions = ["retry", "discard"]
    show_full_result_count = False
    exclude = ["result", "error", "task_id"]
    readonly_fields = ["queue_time", "run_time", "task", "films", "traceback"]

    @admin.display(description="queue time")
    def queue_time(self, prediction: Prediction) -> str:
        return seconds(prediction.queue_seconds)

    @admin.display(description="run time")
    def run_time(self, prediction: Prediction) -> str:
        return seconds(prediction.run_seconds)

    @admin.display(description="Django-Q2 task")
    def task(self, prediction: Prediction) -> str:
        """A link to the task that last woke a worker, while Django-Q2 keeps it."""
        task = Task.objects.filter(pk=prediction.task_id).first()
        if task is None:
            return f"{prediction.task_id} (no longer kept, or not finished)"
        kind = "success" if task.success else "failure"
        return format_html(
            '<a href="{}">{}</a>', reverse(f"admin:django_q_{kind}_change", args=[task.pk]), task
        )

    @admin.display(description="result")
    def films(self, prediction: Prediction) -> str:
        """Each part of the result, with the films by name."""
        ids = {
            item["movie"] for part in prediction.result.values() for item in part.get("items", [])
        }
        movies = Movie.objects.in_bulk(ids)
        return format_html_join(
            "",
            "<details open><summary>{}</summary><ol>{}</ol></details>",
            (
                (part.get("title", name), self._lines(part, movies))
                for name, part in prediction.result.items()
            ),
        )

    def _lines(self, part: dict[str, Any], movies: dict[int, Movie]) -> str:
        items = part.get("items")
        if items is None:
            return format_html_join("", "<li>{}: {}</li>", part.items())
        return format_html_join(
            "",
            "<li>{} · score {} · {} stars</li>",
            ((movies.get(i["movie"], i["movie"]), i["score"], i["stars"]) for i in items),
        )

    @admin.display(description="error")
    def traceback(self, prediction: Prediction) -> str:
        return format_html("<pre>{}</pre>", prediction.error) if prediction.error else ""

    @admin.action(description="Retry what failed or is stale", permissions=["operate"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Prediction]) -> None:
        rows = queryset.select_related("viewer")
        asked = [requests.retry_for_operator(row.viewer, row.key) for row in rows]
        count = sum(row is not None for row in asked)
        self.message_user(
            request, f"Queued {count} of {len(asked)}; the others are fresh or in flight."
        )

    @admin.action(description="Discard what is in flight", permissions=["operate"])
    def discard(self, request: HttpRequest, queryset: QuerySet[Prediction]) -> None:
        count = requests.discard(queryset, f"Discarded by {request.user.get_username()}.")
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, f"Discarded {count} that were in flight.", level)


def seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f} s"


@admin.register(Scores)
class ScoresAdmin(ReadOnlyAdmin):
    list_display = ["viewer", "model", "taste_version"]
    list_select_related = ["viewer", "model"]
    search_fields = ["viewer__display_name"]
    exclude = ["fit", "stars"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("fit", "stars")
