from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from recommendations.admin.autocompleting import Autocompleting
from recommendations.models import FilmNight


@admin.register(FilmNight)
class FilmNightAdmin(Autocompleting, admin.ModelAdmin):
    list_display = ["id", "host", "people", "created_at"]
    list_display_links = ["id", "host"]
    list_select_related = ["host"]
    search_fields = ["host__display_name"]
    autocomplete_fields = ["host", "viewers"]
    readonly_fields = ["created_at"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[FilmNight]:
        nights: QuerySet[FilmNight] = super().get_queryset(request)
        return nights.annotate(people=Count("viewers"))

    @admin.display(description="people")
    def people(self, night: Any) -> int:
        return int(night.people)
