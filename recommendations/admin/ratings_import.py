from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from recommendations.admin.prediction import ReadOnlyAdmin
from recommendations.models import RatingsImport, UnmatchedEntry


@admin.register(RatingsImport)
class RatingsImportAdmin(ReadOnlyAdmin):
    """Never what was in the file: that is the viewer's own."""

    list_display = ["id", "file_name", "viewer", "status", "how_far", "attempt", "requested_at"]
    list_display_links = ["id", "file_name"]
    list_filter = ["status", "contents"]
    list_select_related = ["viewer"]
    search_fields = ["viewer__display_name", "file_name"]
    show_full_result_count = False
    exclude = ["content", "report", "error", "progress"]
    readonly_fields = ["how_far", "outcome", "invalid_rows", "traceback"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("content")

    @admin.display(description="progress", ordering="progress")
    def how_far(self, row: RatingsImport) -> str:
        return f"{row.progress:.0%}"

    @admin.display(description="report")
    def outcome(self, row: RatingsImport) -> str:
        counts = [(name, count) for name, count in row.report.items() if name != "invalid"]
        return format_html_join("", "{}: {}<br>", counts)

    @admin.display(description="invalid rows")
    def invalid_rows(self, row: RatingsImport) -> str:
        invalid = row.report.get("invalid", {"count": 0, "shown": []})
        lines = format_html_join("", "<br>{}", ([line] for line in invalid["shown"]))
        return format_html("{}{}", invalid["count"], lines)

    @admin.display(description="error")
    def traceback(self, row: RatingsImport) -> str:
        return format_html("<pre>{}</pre>", row.error) if row.error else ""


@admin.register(UnmatchedEntry)
class UnmatchedEntryAdmin(ReadOnlyAdmin):
    list_display = ["title", "year", "viewer", "kind", "stars", "movie"]
    list_filter = ["kind", ("movie", admin.EmptyFieldListFilter)]
    list_select_related = ["viewer", "movie"]
    search_fields = ["title", "viewer__display_name"]
    show_full_result_count = False
