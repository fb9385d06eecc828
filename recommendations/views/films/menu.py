"""The menu over a poster.

It lies in one slot of the card, which is closed, open, or says what was done; `place` names the
shelf, so that slots of one film on several shelves differ.
"""

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from recommendations.forms.marks import MarkForm, PlaceForm, UndoForm
from recommendations.forms.ratings import RatingForm
from recommendations.middleware import viewer_of
from recommendations.models import Movie, Viewer
from recommendations.models.marks import Opinion
from recommendations.models.prediction import HOME
from recommendations.pipeline import requests
from recommendations.pipeline.states import part
from recommendations.shelves import SHELVES, QueryShelf
from recommendations.views.cards import Films
from recommendations.views.films.marks import Change, change, put_or_take, sent_home, told
from recommendations.views.home import presenters
from recommendations.views.posting import SomebodyElse


def slot(movie: Movie, place: str) -> str:
    """The id of the slot, as `_menu_link.html` has it."""
    return f"menu-{place}-{movie.pk}"


def _place(values: QueryDict) -> str:
    form = PlaceForm(values)
    if not form.is_valid():
        raise Http404("There is no such place on a page.")
    place: str = form.cleaned_data["place"]
    return place


@require_safe
@never_cache
def menu(request: HttpRequest, movie_id: int) -> HttpResponse:
    movie = get_object_or_404(Movie, pk=movie_id)
    return _draw_menu(request, movie, _place(request.GET))


def _draw_menu(request: HttpRequest, movie: Movie, place: str, error: str = "") -> HttpResponse:
    viewer = viewer_of(request)
    opinion = Opinion.of(viewer, movie)
    context = {
        "movie": movie,
        "viewer": viewer,
        "place": place,
        "slot": slot(movie, place),
        "rating": opinion.stars,
        "kinds": opinion.kinds,
        "stars": [(star, star <= (opinion.stars or 0)) for star in range(1, 6)],
        "reason": reason_for(viewer, movie, place),
        "error": error,
    }
    return render(request, "recommendations/_menu.html", context)


def reason_for(viewer: Viewer | None, movie: Movie, place: str) -> str:
    """Why the film is on this shelf, if it is on one that gives reasons."""
    shelf = SHELVES.get(place)
    if shelf is None or isinstance(shelf, QueryShelf):
        return shelf.reason if shelf else ""
    if viewer is None:
        return ""
    items = presenters.items_of([part(requests.standing(viewer, HOME), place).content])
    item = next((item for item in items if item["movie"] == movie.pk), None)
    return Films(viewer, [item]).card(item).reason if item else ""


@require_safe
@never_cache
def menu_closed(request: HttpRequest, movie_id: int) -> HttpResponse:
    movie = get_object_or_404(Movie, pk=movie_id)
    return _draw_closed(request, movie, _place(request.GET))


def _draw_closed(
    request: HttpRequest, movie: Movie, place: str, announcement: str = ""
) -> HttpResponse:
    context = {"movie": movie, "place": place, "focused": True, "announcement": announcement}
    return render(request, "recommendations/_menu_closed.html", context)


@require_POST
@never_cache
def menu_mark(request: HttpRequest, movie_id: int) -> HttpResponse:
    movie, place = get_object_or_404(Movie, pk=movie_id), _place(request.POST)
    form = MarkForm(request.POST)
    if not form.is_valid():
        return _draw_menu(request, movie, place, form.refusal)
    try:
        changed, said = put_or_take(request, movie, form)
    except SomebodyElse:
        return sent_home(request, movie)
    return _draw_done(request, movie, place, changed, said)


@require_POST
@never_cache
def menu_rating(request: HttpRequest, movie_id: int) -> HttpResponse:
    movie, place = get_object_or_404(Movie, pk=movie_id), _place(request.POST)
    form = RatingForm(request.POST)
    if not form.is_valid() or form.cleaned_data["stars"] is None:
        return _draw_menu(request, movie, place, "Pick one to five stars.")
    stars = form.cleaned_data["stars"]
    try:
        changed = change(request, movie, form, lambda viewer: viewer.rate(movie, stars))
    except SomebodyElse:
        return sent_home(request, movie)
    return _draw_done(request, movie, place, changed, f"You rated it ★ {stars:g}")


def _draw_done(
    request: HttpRequest, movie: Movie, place: str, changed: Change, said: str
) -> HttpResponse:
    context = {
        "movie": movie,
        "viewer": viewer_of(request),
        "place": place,
        "slot": slot(movie, place),
        "before": changed.before,
        "said": said,
        "announcement": f"{movie.short_title}: {said}.",
    }
    return told(render(request, "recommendations/_menu_done.html", context), changed)


@require_POST
@never_cache
def menu_undo(request: HttpRequest, movie_id: int) -> HttpResponse:
    """Put back what the viewer had said of the film before."""
    movie, place = get_object_or_404(Movie, pk=movie_id), _place(request.POST)
    form = UndoForm(request.POST)
    if not form.is_valid():
        return _draw_menu(request, movie, place, "That could not be undone.")
    try:
        changed = change(request, movie, form, lambda viewer: form.opinion.restore(viewer, movie))
    except SomebodyElse:
        return sent_home(request, movie)
    said = f"{movie.short_title}: undone."
    return told(_draw_closed(request, movie, place, said), changed)
