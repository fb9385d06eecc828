from django.contrib import admin
from django.http import HttpRequest

from recommendations.admin.prediction import ReadOnlyAdmin
from recommendations.models import Worker
from recommendations.operations.figures import wording


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    """Rows as the workers write them; the page Operations says what they mean."""

    list_display = [
        "__str__",
        "queue",
        "model",
        "own_memory",
        "tasks_done",
        "busy_since",
        "beat_at",
    ]
    list_filter = ["queue", "host"]
    list_select_related = ["model"]
    exclude = ["memory"]
    readonly_fields = ["own_memory"]

    def has_delete_permission(self, request: HttpRequest, obj: Worker | None = None) -> bool:
        return False

    @admin.display(description="memory", ordering="memory")
    def own_memory(self, worker: Worker) -> str:
        return wording.size(worker.memory)
