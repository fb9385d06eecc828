import json
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import path
from django.utils.html import format_html

from recommendations.admin.prediction import ReadOnlyAdmin
from recommendations.models import TrainedModel
from recommendations.models.measurements import compared
from recommendations.pipeline import trainings


@admin.register(TrainedModel)
class TrainedModelAdmin(ReadOnlyAdmin):
    change_list_template = "admin/recommendations/trainedmodel/change_list.html"
    list_display = [
        "__str__",
        "standing",
        "reason",
        "how_far",
        "rmse",
        "ratings_used",
        "fit_time",
        "created_at",
    ]
    list_filter = ["state", "algorithm"]
    actions = ["activate"]
    exclude = ["film_ids", "metrics", "parameters", "error", "step", "progress", "task_id"]
    readonly_fields = ["how_far", "measured", "comparison", "chosen", "traceback"]

    def get_urls(self) -> list[Any]:
        train = self.admin_site.admin_view(self.train)
        own = path("train/", train, name="recommendations_trainedmodel_train")
        return [own, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("film_ids")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        may_train = {"may_train": self.has_operate_permission(request)}
        return super().changelist_view(request, (extra_context or {}) | may_train)

    def has_delete_permission(self, request: HttpRequest, obj: TrainedModel | None = None) -> bool:
        at_work = obj is not None and obj.state == TrainedModel.State.ACTIVE
        return not at_work and super().has_delete_permission(request, obj)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """What the confirmation names: the models, without the neighbours of each of their films.

        The last list is what stands in the way.
        """
        at_work = [
            f"{model}, which is at work: put another to work first"
            for model in objs
            if model.state == TrainedModel.State.ACTIVE
        ]
        return list(map(str, objs)), {"trained models": len(objs)}, set(), at_work

    def delete_model(self, request: HttpRequest, obj: TrainedModel) -> None:
        self.delete_queryset(request, TrainedModel.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[TrainedModel]) -> None:
        super().delete_queryset(request, queryset.exclude(state=TrainedModel.State.ACTIVE))
        trainings.prune()  # a worker deletes the artifacts

    def train(self, request: HttpRequest) -> HttpResponse:
        """Queue a training of the default algorithm."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_operate_permission(request):
            raise PermissionDenied
        model = trainings.ask_for_default()
        if model:
            self.message_user(request, f"{model} is queued; the training cluster trains it.")
        else:
            told = "A training is queued or running already; wait until it has ended."
            self.message_user(request, told, messages.WARNING)
        return redirect("admin:recommendations_trainedmodel_changelist")

    @admin.display(description="progress")
    def how_far(self, model: TrainedModel) -> str:
        if model.state != TrainedModel.State.TRAINING or model.is_queued:
            return ""
        return format_html(
            '<progress max="1" value="{}" aria-label="{}"></progress> {}',
            f"{model.progress:.2f}",
            model.standing,
            f"{model.progress:.0%}",
        )

    @admin.display(description="RMSE")
    def rmse(self, model: TrainedModel) -> str:
        return f"{model.metrics['rmse']:.4f}" if "rmse" in model.metrics else ""

    @admin.display(description="fit", ordering="fit_seconds")
    def fit_time(self, model: TrainedModel) -> str:
        return "" if model.fit_seconds is None else f"{model.fit_seconds:.1f}\N{NO-BREAK SPACE}s"

    @admin.display(description="metrics")
    def measured(self, model: TrainedModel) -> str:
        return format_html("<pre>{}</pre>", json.dumps(model.metrics, indent=2))

    @admin.display(description="compared")
    def comparison(self, model: TrainedModel) -> str:
        return format_html("<pre>{}</pre>", "\n".join(compared(model.metrics)))

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
