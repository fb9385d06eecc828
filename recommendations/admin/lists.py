from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from recommendations.admin.autocompleting import Autocompleting
from recommendations.models import ListEntry, MovieList


@admin.register(MovieList)
class MovieListAdmin(Autocompleting, admin.ModelAdmin):
    list_display = ["name", "viewer", "films", "shared", "created_at"]
    list_select_related = ["viewer"]
    list_filter = [("share_token", admin.EmptyFieldListFilter)]
    search_fields = ["name", "viewer__display_name"]
    autocomplete_fields = ["viewer"]
    exclude = ["share_token"]  # whoever has it sees the list
    readonly_fields = ["created_at"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[MovieList]:
        # As a subquery it is evaluated for the rows of one page, not for all lists.
        entries = ListEntry.objects.filter(list=OuterRef("pk")).order_by().values("list")
        count = Subquery(entries.annotate(count=Count("pk")).values("count"))
        lists: QuerySet[MovieList] = super().get_queryset(request)
        return lists.annotate(film_count=count)

    @admin.display(description="films")
    def films(self, listed: Any) -> int:
        return listed.film_count or 0

    @admin.display(boolean=True)
    def shared(self, listed: MovieList) -> bool:
        return listed.share_token is not None


@admin.register(ListEntry)
class ListEntryAdmin(Autocompleting, admin.ModelAdmin):
    list_display = ["movie", "list", "added_at"]
    list_select_related = ["movie", "list"]
    search_fields = ["movie__title", "list__name"]
    autocomplete_fields = ["list", "movie"]
    readonly_fields = ["added_at"]
    show_full_result_count = False
