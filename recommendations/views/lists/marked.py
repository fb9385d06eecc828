"""The watchlist, what was seen, and what is not to be shown: films that a viewer marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from recommendations.forms.marks import MarkedAgainForm
from recommendations.middleware import viewer_made_for, viewer_of
from recommendations.models import Mark, Movie, Viewer
from recommendations.views.cards import stored_stars
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
from recommendations.views.lists.undoing import say_removed
from recommendations.views.polling import for_viewer
from recommendations.views.posting import came_from

SEEN, WATCHLIST = Mark.Kind.SEEN, Mark.Kind.WATCHLIST
HIDDEN, LESS = Mark.Kind.HIDDEN, Mark.Kind.LESS

ORDERS: Mapping[str, Order] = {
    "added": Order("Added last", ["-marked_at", "-pk"]),
    "first": Order("Added first", ["marked_at"]),
    "predicted": PREDICTED,
    "title": TITLE,
    "year": NEWEST,
    "oldest": OLDEST,
}


@dataclass(frozen=True)
class MarkedPage:
    """One of the pages of marked films, and what it says when there is none."""

    slug: str
    title: str
    reason: str
    kinds: Sequence[Mark.Kind]
    empty: str
    how: str
    verb: str = "Remove"


PAGES = {
    page.slug: page
    for page in (
        MarkedPage(
            "watchlist",
            "Watchlist",
            "what you want to see",
            [WATCHLIST],
            "Nothing on your watchlist yet",
            "Put a film here when it sounds good, and Tonight chooses one of them for you.",
        ),
        MarkedPage(
            "seen",
            "Seen",
            "films you saw without giving them stars",
            [SEEN],
            "No film is marked as seen",
            "Mark what you have seen but do not want to rate; it is not recommended again.",
        ),
        MarkedPage(
            "hidden",
            "Hidden",
            "films that are not recommended to you",
            [HIDDEN, LESS],
            "Nothing is hidden",
            "Say of a film that you are not interested or want less like it, and it is kept here.",
            "Bring back",
        ),
    )
}

#: Kinds of marks that have a page, with it.
PAGE_OF = {kind: page for page in PAGES.values() for kind in page.kinds}


@require_safe
@never_cache
def marked(request: HttpRequest, slug: str) -> HttpResponse:
    page, viewer = PAGES[slug], viewer_of(request)
    rows = Mark.objects.filter(viewer=viewer, kind__in=page.kinds)
    found = listing(request, rows, ORDERS, viewer)
    here = request.get_full_path()
    kept = [_kept(mark, here, found.stars.get(mark.movie_id)) for mark in found.rows]
    context = {"shown": page, "listing": found, "films": kept}
    return render(request, "recommendations/marked.html", context)


def _kept(mark: Mark, here: str, stars: float | None = None, gone: bool = False) -> Kept:
    kind, movie = Mark.Kind(mark.kind), mark.movie
    note = str(kind.label).capitalize() if len(PAGE_OF[kind].kinds) > 1 else ""
    if not note:
        note = f"Added {date_format(mark.marked_at, 'j M Y')}"
    return Kept(movie, paths_of(kind, movie), here, stars, note, gone, _fields(mark))


def _fields(mark: Mark) -> dict[str, str]:
    """What a form has to say to bring `mark` back as it was."""
    return {"marked_at": mark.marked_at.isoformat()}


def paths_of(kind: Mark.Kind, movie: Movie) -> Paths:
    names = ("unmark", "mark-again", "fragment-unmark", "fragment-mark-again")
    paths = (reverse(name, args=[kind.value, movie.pk]) for name in names)
    return replace(Paths(*paths), label=PAGE_OF[kind].verb)


def _meant(kind: str, movie_id: int) -> tuple[Mark.Kind, Movie]:
    """The kind and the film that an address names."""
    if kind not in PAGE_OF:
        raise Http404(f"There is no list of films marked as {kind}.")
    return Mark.Kind(kind), get_object_or_404(Movie, pk=movie_id)


def _said(kind: Mark.Kind, movie: Movie, gone: bool) -> str:
    title = movie.short_title
    match kind:
        case Mark.Kind.WATCHLIST:
            return f"{title} is {'off' if gone else 'on'} your watchlist."
        case Mark.Kind.SEEN:
            return f"{title} is {'no longer ' if gone else ''}marked as seen."
        case _:
            return f"{title} {'may be recommended' if gone else 'is hidden'} again."


@require_POST
def unmark(request: HttpRequest, kind: str, movie_id: int) -> HttpResponse:
    meant, movie = _meant(kind, movie_id)
    viewer = viewer_of(request)
    page = came_from(request, reverse(PAGE_OF[meant].slug))
    mark = viewer.marks.filter(movie=movie, kind=meant).first() if viewer else None
    if viewer and mark and Mark.take_back(viewer, movie, meant):
        said = _said(meant, movie, gone=True)
        say_removed(request, said, paths_of(meant, movie).put, page, _fields(mark))
    return redirect(page)


@require_POST
def mark_again(request: HttpRequest, kind: str, movie_id: int) -> HttpResponse:
    meant, movie = _meant(kind, movie_id)
    if _put_back(request, viewer_made_for(request), movie, meant):
        messages.success(request, _said(meant, movie, gone=False))
    else:
        messages.error(request, _rated_since(movie))
    return redirect(came_from(request, reverse(PAGE_OF[meant].slug)))


@require_POST
@for_viewer
def unmark_fragment(
    request: HttpRequest, viewer: Viewer, kind: str, movie_id: int
) -> HttpResponse:
    meant, movie = _meant(kind, movie_id)
    mark = viewer.marks.filter(movie=movie, kind=meant).first()
    Mark.take_back(viewer, movie, meant)
    return _draw(request, mark or Mark(viewer=viewer, movie=movie, kind=meant), gone=True)


@require_POST
@for_viewer
def mark_again_fragment(
    request: HttpRequest, viewer: Viewer, kind: str, movie_id: int
) -> HttpResponse:
    meant, movie = _meant(kind, movie_id)
    mark = _put_back(request, viewer, movie, meant)
    if mark is None:
        unsaved = Mark(viewer=viewer, movie=movie, kind=meant)
        said = _rated_since(movie)
        return _draw(request, unsaved, gone=True, error=said, announcement=said)
    return _draw(request, mark, gone=False)


def _put_back(request: HttpRequest, viewer: Viewer, movie: Movie, kind: Mark.Kind) -> Mark | None:
    """None if the film was rated since, which says more than the mark."""
    Mark.put(viewer, movie, kind, MarkedAgainForm(request.POST).moment)
    return viewer.marks.filter(movie=movie, kind=kind).first()


def _rated_since(movie: Movie) -> str:
    return f"You have rated {movie.short_title} since."


def _draw(request: HttpRequest, mark: Mark, gone: bool, **said: str) -> HttpResponse:
    kind, movie = Mark.Kind(mark.kind), mark.movie
    here = came_from(request, reverse(PAGE_OF[kind].slug))
    stars = stored_stars(mark.viewer, [movie.pk]).get(movie.pk)
    context = {
        "kept": _kept(mark, here, stars, gone),
        "swapped": True,
        "announcement": _said(kind, movie, gone),
    }
    return render(request, "recommendations/_kept.html", context | said)
