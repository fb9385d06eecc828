"""What lists of films need: the form that puts a film on one, and the numbers of their pages."""

from typing import TYPE_CHECKING, Any

from django import template

from recommendations.models import Movie, MovieList, Viewer

if TYPE_CHECKING:
    from django.core.paginator import Page
    from django.db.models import QuerySet

register = template.Library()


@register.filter
def numbers(page: "Page[Any]") -> list[int | str]:
    """The numbers of pages to offer, with a gap where some are left out."""
    paginator = page.paginator
    return list(paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1))


@register.simple_tag
def lists_for(movie: Movie, viewer: Viewer | None) -> dict[str, list[MovieList]]:
    """The viewer's lists: those with the film, and the others."""
    if not viewer:
        return {"holding": [], "others": []}
    lists: QuerySet[Any] = viewer.lists.telling_of(movie)
    told = list(lists)
    return {
        "holding": [each for each in told if each.holds],
        "others": [each for each in told if not each.holds],
    }
