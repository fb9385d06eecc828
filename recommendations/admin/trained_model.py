import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from recommendations.admin.prediction import ReadOnlyAdmin
from recommendations.models import TrainedModel


@admin.register(TrainedModel)
class TrainedModelAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "state", "rmse", "ratings_used", "fit_time", "created_at"]
    list_filter = ["state", "algorithm"]
    actions = ["activate"]
    exclude = ["film_ids", "metrics", "parameters", "error"]
    readonly_fields = ["measured", "chosen", "traceback"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("film_ids")

    def has_delete_permission(self, request: HttpRequest, obj: TrainedModel | None = None) -> bool:
        at_work = obj is not None and obj.state == TrainedModel.State.ACTIVE
        return not at_work and super().has_delete_permission(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[TrainedModel]) -> None:
        super().delete_queryset(request, queryset.exclude(state=TrainedModel.State.ACTIVE))

    @admin.display(description="RMSE")
    def rmse(self, model: TrainedModel) -> str:
        return f"{model.metrics['rmse']:.4f}" if "rmse" in model.metrics else ""

    @admin.display(description="fit", ordering="fit_seconds")
    def fit_time(self, model: TrainedModel) -> str:
        return "" if model.fit_seconds is None else f"{model.fit_seconds:.1f} s"

    @admin.display(description="metrics")
    def measured(self, model: TrainedModel) -> str:
        return format_html("<pre>{}</pre>", json.dumps(model.metrics, indent=2))

    @admin.display(description="parameters")
    def chosen(self, model: TrainedModel) -> str:
        return format_html("<pre>{}</pre>", json.dumps(model.parameters, indent=2))

    @admin.display(description="error")
    def traceback(self, model: TrainedModel) -> str:
        return format_html("<pre>{}</pre>", model.error) if model.error else ""

    @admin.action(description="Put the selected model to work", permissions=["operate"])
    def activate(self, request: HttpRequest, queryset: QuerySet[TrainedModel]) -> None:
        if len(queryset) != 1:
            self.message_user(request, "Select one model to activate.", messages.ERROR)
            return
        model = queryset[0]
        try:
            model.activate()
        except ValueError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.message_user(request, f"{model} is at work now.")
