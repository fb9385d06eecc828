"""What the form that puts a film on a list needs."""

from typing import TYPE_CHECKING, Any

from django import template

from recommendations.models import Movie, MovieList, Viewer

if TYPE_CHECKING:
    from django.db.models import QuerySet

register = template.Library()


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
