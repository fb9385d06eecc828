"""Putting films on lists and taking them off, from a list's page and from a film's."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from recommendations.forms.lists import AddToListForm
from recommendations.middleware import viewer_made_for, viewer_of
from recommendations.models import ListEntry, Movie, MovieList, Viewer
from recommendations.views.cards import stored_stars
from recommendations.views.lists.own import kept, own, paths_of
from recommendations.views.lists.undoing import say_removed
from recommendations.views.polling import for_viewer
from recommendations.views.posting import by_whom_it_was_drawn_for, came_from


@require_POST
def add(request: HttpRequest, list_id: int, movie_id: int) -> HttpResponse:
    mine, movie = own(viewer_of(request), list_id), get_object_or_404(Movie, pk=movie_id)
    try:
        mine.add(movie)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, added(movie, mine))
    return redirect(came_from(request, reverse("list", args=[list_id])))


@require_POST
def remove(request: HttpRequest, list_id: int, movie_id: int) -> HttpResponse:
    mine, movie = own(viewer_of(request), list_id), get_object_or_404(Movie, pk=movie_id)
    page = came_from(request, reverse("list", args=[list_id]))
    if mine.remove(movie):
        say_removed(request, removed(movie, mine), paths_of(list_id, movie).put, page)
    return redirect(page)


def added(movie: Movie, mine: MovieList) -> str:
    return f"{movie.short_title} is on “{mine}”."


def removed(movie: Movie, mine: MovieList) -> str:
    return f"{movie.short_title} is off “{mine}”."


@require_POST
@for_viewer
def remove_fragment(
    request: HttpRequest, viewer: Viewer, list_id: int, movie_id: int
) -> HttpResponse:
    mine, movie = own(viewer, list_id), get_object_or_404(Movie, pk=movie_id)
    entry = mine.entries.filter(movie=movie).first() or ListEntry(list=mine, movie=movie)
    mine.remove(movie)
    return _draw(request, entry, gone=True, announcement=removed(movie, mine))


@require_POST
@for_viewer
def put_back_fragment(
    request: HttpRequest, viewer: Viewer, list_id: int, movie_id: int
) -> HttpResponse:
    mine, movie = own(viewer, list_id), get_object_or_404(Movie, pk=movie_id)
    try:
        mine.add(movie)
    except ValidationError as error:
        said = " ".join(error.messages)
        return _draw(request, ListEntry(list=mine, movie=movie), gone=True, error=said)
    return _draw(request, mine.entries.get(movie=movie), announcement=added(movie, mine))


def _draw(request: HttpRequest, entry: ListEntry, gone: bool = False, **said: str) -> HttpResponse:
    here = came_from(request, reverse("list", args=[entry.list_id]))
    stars = stored_stars(entry.list.viewer, [entry.movie_id]).get(entry.movie_id)
    context = {"kept": kept(entry, here, stars, gone), "swapped": True, **said}
    return render(request, "recommendations/_kept.html", context)


@require_POST
@by_whom_it_was_drawn_for
def choose(request: HttpRequest, movie_id: int) -> HttpResponse:
    """Put a film on the list that its page's form names, or on a new one."""
    movie, form = get_object_or_404(Movie, pk=movie_id), AddToListForm(request.POST)
    chosen = put_on_chosen(request, movie, form)
    if chosen:
        messages.success(request, added(movie, chosen))
    else:
        said = [str(each) for errors in form.errors.values() for each in errors]
        messages.error(request, " ".join(said))
        typed = urlencode({"list_name": request.POST.get("name", "")[:100]})
        return redirect(f"{movie.get_absolute_url()}?{typed}#add-to-list")
    return redirect(movie)


@require_POST
@never_cache
@by_whom_it_was_drawn_for
def choose_fragment(request: HttpRequest, movie_id: int) -> HttpResponse:
    movie, form = get_object_or_404(Movie, pk=movie_id), AddToListForm(request.POST)
    chosen = put_on_chosen(request, movie, form)
    context: dict[str, object] = {"movie": movie, "viewer": viewer_of(request), "open": True}
    context |= {"announcement": added(movie, chosen)} if chosen else {"form": form}
    return render(request, "recommendations/_add_to_list.html", context)


def put_on_chosen(request: HttpRequest, movie: Movie, form: AddToListForm) -> MovieList | None:
    """The list that `movie` is on now; None if the form has errors now."""
    if not form.is_valid():
        return None
    try:
        with transaction.atomic():
            chosen = _chosen(request, form)
            chosen.add(movie)
    except ValidationError as error:
        form.add_error(None, error)
        return None
    return chosen


def _chosen(request: HttpRequest, form: AddToListForm) -> MovieList:
    if name := form.cleaned_data["name"]:
        return MovieList.make(viewer_made_for(request), name)
    return own(viewer_of(request), form.cleaned_data["list"])
