from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from recommendations.admin.autocompleting import Autocompleting
from recommendations.models import Mark, Rating, Viewer


@admin.register(Viewer)
class ViewerAdmin(Autocompleting, admin.ModelAdmin):
    list_display = ["display_name", "kind", "ratings", "taste_version", "last_active_at"]
    list_filter = ["kind"]
    search_fields = ["display_name", "=imported_id"]
    readonly_fields = ["imported_id", "is_copy", "taste_version", "created_at"]
    exclude = ["feed_token"]  # whoever has it reads the feed
    autocomplete_fields = ["user"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Viewer]:
        # As a subquery it is evaluated for the rows of one page, not for all viewers.
        rated = Rating.objects.filter(viewer=OuterRef("pk")).order_by().values("viewer")
        count = Subquery(rated.annotate(count=Count("pk")).values("count"))
        viewers: QuerySet[Viewer] = super().get_queryset(request)
        return viewers.annotate(rating_count=count)

    @admin.display(description="ratings")
    def ratings(self, viewer: Viewer) -> int:
        count: int | None = getattr(viewer, "rating_count", None)
        return count or 0

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Viewer]) -> None:
        """One by one, since each takes its ratings out of the films' means."""
        for viewer in queryset:
            viewer.delete()


@admin.register(Rating)
class RatingAdmin(Autocompleting, admin.ModelAdmin):
    """Every change goes through the viewer, so that means and the taste version follow."""

    list_display = ["movie", "viewer", "stars", "rated_at"]
    list_select_related = ["movie", "viewer"]
    list_filter = ["stars", "viewer__kind"]
    search_fields = ["movie__title", "viewer__display_name"]
    autocomplete_fields = ["movie", "viewer"]
    ordering = ["-id"]
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Rating | None = None) -> list[str]:
        return ["movie", "viewer"] if obj else []

    def save_model(self, request: HttpRequest, obj: Rating, form: Any, change: bool) -> None:
        saved = obj.viewer.rate(obj.movie, obj.stars, obj.rated_at)
        obj.pk = saved.pk

    def delete_model(self, request: HttpRequest, obj: Rating) -> None:
        obj.viewer.unrate(obj.movie)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Rating]) -> None:
        for rating in queryset.select_related("movie", "viewer"):
            self.delete_model(request, rating)


@admin.register(Mark)
class MarkAdmin(admin.ModelAdmin):
    """To look at and to take back; a mark is put by its viewer."""

    list_display = ["movie", "viewer", "kind", "marked_at"]
    list_select_related = ["movie", "viewer"]
    list_filter = ["kind", "viewer__kind"]
    search_fields = ["movie__title", "viewer__display_name"]
    ordering = ["-id"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Mark | None = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: Mark) -> None:
        Mark.take_back(obj.viewer, obj.movie, Mark.Kind(obj.kind))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Mark]) -> None:
        for mark in queryset.select_related("movie", "viewer"):
            self.delete_model(request, mark)
