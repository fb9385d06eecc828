from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from recommendations.admin.autocompleting import Autocompleting
from recommendations.admin.prediction import ReadOnlyAdmin
from recommendations.models import Catalogue, Credit, Genre, Movie, Person


@admin.register(Catalogue)
class CatalogueAdmin(ReadOnlyAdmin):
    list_display = ["name", "simulated", "changed_at"]

    def has_delete_permission(self, request: HttpRequest, obj: Catalogue | None = None) -> bool:
        return False


@admin.register(Genre)
class GenreAdmin(admin.ModelAdmin):
    search_fields = ["name"]


class SearchedAdmin(admin.ModelAdmin):
    """For what is searched by name: each change moves the catalogue's version."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        Catalogue.touch()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        Catalogue.touch()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        super().delete_queryset(request, queryset)
        Catalogue.touch()


@admin.register(Person)
class PersonAdmin(SearchedAdmin):
    search_fields = ["name"]
    show_full_result_count = False


class CreditInline(Autocompleting, admin.TabularInline):
    model = Credit
    autocomplete_fields = ["person"]
    extra = 0


@admin.register(Movie)
class MovieAdmin(SearchedAdmin):
    list_display = ["title", "year", "main_genre", "rating_count", "mean", "damped"]
    list_filter = ["genres"]
    search_fields = ["title", "=id"]
    readonly_fields = ["main_genre", "rating_count", "mean", "damped"]
    filter_horizontal = ["genres"]
    inlines = [CreditInline]
    show_full_result_count = False

    @admin.display(description="mean", ordering="mean_stars")
    def mean(self, movie: Movie) -> str:
        return "" if movie.mean_stars is None else f"{movie.mean_stars:.2f}"

    @admin.display(description="damped mean", ordering="damped_mean")
    def damped(self, movie: Movie) -> str:
        return f"{movie.damped_mean:.2f}"
