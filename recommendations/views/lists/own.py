"""Lists that viewers make, and the overview of all that they keep."""

from collections.abc import Mapping
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from recommendations.forms.lists import MovieListForm
from recommendations.middleware import viewer_made_for, viewer_of
from recommendations.models import ListEntry, Movie, MovieList, UnmatchedEntry, Viewer
from recommendations.search import find_films
from recommendations.views.cards import cards_of
from recommendations.views.lists.listing import (
    NEWEST,
    OLDEST,
    PREDICTED,
    TITLE,
    Kept,
    Order,
    Paths,
    listing,
)
from recommendations.views.lists.tiles import kept_tiles, own_tiles
from recommendations.views.posting import by_whom_it_was_drawn_for

ORDERS: Mapping[str, Order] = {
    "added": Order("Added last", ["-added_at", "-pk"]),
    "first": Order("Added first", ["added_at"]),
    "predicted": PREDICTED,
    "title": TITLE,
    "year": NEWEST,
    "oldest": OLDEST,
}

#: Films that a search for one to add finds.
OFFERED = 12

page_or_form = require_http_methods(["GET", "HEAD", "POST"])


def own(viewer: Viewer | None, list_id: int) -> MovieList:
    """The list, if it is of who asks."""
    mine = MovieList.objects.select_related("viewer").filter(viewer=viewer)
    return get_object_or_404(mine, pk=list_id)


@page_or_form
@never_cache
@by_whom_it_was_drawn_for
def lists(request: HttpRequest) -> HttpResponse:
    """All that the viewer keeps, and a form for a new list."""
    form = MovieListForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and (made := _made(request, form)):
        messages.success(request, f"“{made}” is made. Put some films on it.")
        return redirect("list", made.pk)
    viewer = viewer_of(request)
    context = {
        "form": form,
        "kept": kept_tiles(viewer),
        "own": own_tiles(viewer),
        "unmatched": UnmatchedEntry.objects.waiting().filter(viewer=viewer).count(),
    }
    return render(request, "recommendations/lists.html", context)


def _made(request: HttpRequest, form: MovieListForm) -> MovieList | None:
    try:
        return MovieList.make(viewer_made_for(request), **form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, error)
        return None


@require_safe
@never_cache
def own_list(request: HttpRequest, list_id: int) -> HttpResponse:
    mine, find = own(viewer_of(request), list_id), request.GET.get("find", "").strip()[:100]
    found = listing(request, mine.entries.all(), ORDERS, mine.viewer)
    here = request.get_full_path()
    context = {
        "list": mine,
        "listing": found,
        "films": [kept(each, here, found.stars.get(each.movie_id)) for each in found.rows],
        "shared_url": _shared_url(request, mine),
        "find": find,
        "offered": _offered(mine, find),
        "next": here,
    }
    return render(request, "recommendations/list.html", context)


def kept(entry: ListEntry, here: str, stars: float | None = None, gone: bool = False) -> Kept:
    note = f"Added {date_format(entry.added_at, 'j M Y')}"
    return Kept(entry.movie, paths_of(entry.list_id, entry.movie), here, stars, note, gone)


def paths_of(list_id: int, movie: Movie) -> Paths:
    names = ("remove-from-list", "add-to-list", "fragment-remove-from-list", "fragment-put-back")
    return Paths(*(reverse(name, args=[list_id, movie.pk]) for name in names))


def _offered(mine: MovieList, find: str) -> list[tuple[Movie, bool]]:
    """Films that are looked for, and whether each is on the list."""
    films = find_films(find)[:OFFERED] if find else []
    held = set(mine.entries.filter(movie__in=films).values_list("movie_id", flat=True))
    return [(film, film.pk in held) for film in films]


def _shared_url(request: HttpRequest, mine: MovieList) -> str:
    if mine.share_token is None:
        return ""
    return request.build_absolute_uri(reverse("shared-list", args=[mine.share_token]))


@page_or_form
@never_cache
def edit_list(request: HttpRequest, list_id: int) -> HttpResponse:
    mine = own(viewer_of(request), list_id)
    said = {"name": mine.name, "description": mine.description}
    form = MovieListForm(request.POST if request.method == "POST" else None, initial=said)
    if form.is_valid():
        try:
            mine.describe(**form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("list", mine.pk)
    context = {"list": mine, "name": said["name"], "form": form}
    return render(request, "recommendations/list_edit.html", context)


@page_or_form
@never_cache
def delete_list(request: HttpRequest, list_id: int) -> HttpResponse:
    """Ask once more, then delete."""
    mine = own(viewer_of(request), list_id)
    if request.method != "POST":
        context = {"list": mine, "count": mine.entries.count()}
        return render(request, "recommendations/list_delete.html", context)
    mine.delete()
    messages.success(request, f"“{mine}” is deleted.")
    return redirect("lists")


@require_POST
def share_list(request: HttpRequest, list_id: int) -> HttpResponse:
    mine = own(viewer_of(request), list_id)
    if request.POST.get("share"):
        mine.share()
        messages.success(request, "Whoever has the link can see this list now.")
    else:
        mine.stop_sharing()
        messages.success(request, "The link is dead; nobody else can see this list.")
    return redirect("list", mine.pk)


@require_safe
@never_cache
def shared_list(request: HttpRequest, token: UUID) -> HttpResponse:
    """What others see of a list: with their own predicted stars, and no buttons."""
    shared = get_object_or_404(MovieList.objects.select_related("viewer"), share_token=token)
    viewer = viewer_of(request)
    found = listing(request, shared.entries.all(), ORDERS, viewer)
    context = {
        "list": shared,
        "listing": found,
        "cards": cards_of([entry.movie for entry in found.rows], viewer),
        "shelf": {"slug": "shared"},
        "is_own": viewer == shared.viewer,
    }
    response = render(request, "recommendations/shared_list.html", context)
    response.headers["X-Robots-Tag"] = "noindex"
    return response
