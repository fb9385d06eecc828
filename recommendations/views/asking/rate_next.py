"""One film after another to rate."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect, replace_url, trigger_client_event

from recommendations.asking import in_full, next_film
from recommendations.middleware import viewer_of
from recommendations.models import Movie, Viewer
from recommendations.models.marks import Opinion
from recommendations.models.prediction import HOME
from recommendations.pipeline import requests
from recommendations.views.asking.answers import Answer, Answers
from recommendations.views.asking.picks_beside import picks_for
from recommendations.views.films.rating import NOT_RATED, change_rating
from recommendations.views.posting import SomebodyElse

#: Films that a newcomer is asked about; somebody who rates on is asked for as long as they like.
STEPS = 8

#: Actors that are named with the film.
ACTORS = 4


@dataclass(frozen=True)
class Question:
    """A film to rate: the one at `place` of a newcomer's, or one of any number."""

    movie: Movie | None
    place: int | None
    can_undo: bool
    any_stars: bool

    @property
    def steps(self) -> int:
        return STEPS

    @property
    def is_last(self) -> bool:
        return self.place is not None and self.place > STEPS

    @property
    def people(self) -> tuple[str, str]:
        """Who directed it, and who acts in it."""
        credits_ = list(self.movie.credits.all()) if self.movie else []
        names = {
            role: [each.person.name for each in credits_ if each.role == role]
            for role in ("director", "cast")
        }
        return ", ".join(names["director"]), ", ".join(names["cast"][:ACTORS])


def question(request: HttpRequest, place: int | None, film: int | None = None) -> Question:
    answers = Answers(request)
    if place is not None and place > STEPS:
        movie = None
    else:
        named = in_full(film) if film is not None else None
        movie = named or next_film(viewer_of(request), answers.films)
    return Question(movie, place, bool(answers.all), answers.any_stars)


# Pages.


@require_safe
@never_cache
def rate_next(request: HttpRequest) -> HttpResponse:
    return page(request, None)


@require_safe
@never_cache
def start_films(request: HttpRequest) -> HttpResponse:
    return page(request, number(request.GET.get("place")) or 1)


def page(request: HttpRequest, place: int | None) -> HttpResponse:
    context = {
        "question": question(request, place, number(request.GET.get("film"))),
        "picks": picks_for(request),
        "viewer": viewer_of(request),
    }
    return render(request, "recommendations/rate_next.html", context)


def number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 10 else None


def address(place: int | None, film: int | None = None) -> str:
    """Of the page that asks this."""
    query = {"place": place, "film": film}
    given = urlencode({name: value for name, value in query.items() if value is not None})
    path = reverse("rate-next" if place is None else "start-films")
    return f"{path}?{given}" if given else path


# Answers.


def place_of(request: HttpRequest) -> int | None:
    return number(request.POST.get("place"))


def moved(place: int | None, by: int) -> int | None:
    return None if place is None else max(place + by, 1)


def take(request: HttpRequest, movie: Movie) -> str:
    """Note the answer, and say what it was. Raises as `change_rating` does."""
    if request.POST.get("answer") in {"unseen", "skip"}:
        Answers(request).add(Answer(movie.pk))
        return f"Not rated: {movie.short_title}."
    before = Opinion.of(viewer_of(request), movie)
    rating = change_rating(request, movie)
    before_at = before.rated_at.isoformat() if before.rated_at else ""
    stars = rating.stars if rating else None
    Answers(request).add(Answer(movie.pk, stars, before.stars, before_at))
    return f"You rated {movie.short_title} ★ {rating.stars:g}." if rating else ""


@require_POST
def answer(request: HttpRequest, movie_id: int) -> HttpResponseRedirect:
    movie, place = get_object_or_404(Movie, pk=movie_id), place_of(request)
    try:
        take(request, movie)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except SomebodyElse:
        messages.error(request, NOT_RATED)
    else:
        return redirect(address(moved(place, 1)))
    return redirect(address(place, movie_id))


@never_cache
@require_POST
def answer_fragment(request: HttpRequest, movie_id: int) -> HttpResponse:
    movie, place = get_object_or_404(Movie, pk=movie_id), place_of(request)
    try:
        said = take(request, movie)
    except ValidationError as error:
        return draw(request, question(request, place, movie_id), error=" ".join(error.messages))
    except SomebodyElse:
        messages.error(request, NOT_RATED)
        return HttpResponseClientRedirect(address(place, movie_id))
    return draw(request, question(request, moved(place, 1)), said=said)


@require_POST
def undo(request: HttpRequest) -> HttpResponseRedirect:
    film = take_back(request)
    return redirect(address(moved(place_of(request), -1), film))


@never_cache
@require_POST
def undo_fragment(request: HttpRequest) -> HttpResponse:
    film = take_back(request)
    return draw(request, question(request, moved(place_of(request), -1), film), said="Taken back.")


def take_back(request: HttpRequest) -> int | None:
    """Undo the last answer; returns the film that it was about."""
    viewer, last = viewer_of(request), Answers(request).take_back()
    movie = Movie.objects.filter(pk=last.film).first() if last else None
    if last is None or movie is None:
        return None
    if viewer and last.stars is not None:
        restore(viewer, movie, last)
    return movie.pk


@transaction.atomic
def restore(viewer: Viewer, movie: Movie, last: Answer) -> None:
    """Rate the film as it was before, and have the shelves made anew."""
    if last.before is None:
        viewer.unrate(movie)
    else:
        rated_at = datetime.fromisoformat(last.before_at) if last.before_at else None
        viewer.rate(movie, last.before, rated_at)
    if viewer.has_taste():
        requests.ensure(viewer, HOME)


def draw(request: HttpRequest, asked: Question, said: str = "", error: str = "") -> HttpResponse:
    context = {
        "question": asked,
        "viewer": viewer_of(request),
        "changed": True,
        "error": error,
        "announcement": " ".join(filter(None, [said, heading(asked)])),
    }
    response = render(request, "recommendations/_question.html", context)
    trigger_client_event(response, "taste-changed")
    return replace_url(response, address(asked.place))  # so that a reload goes on from here


def heading(asked: Question) -> str:
    return f"Next: {asked.movie.short_title}." if asked.movie else "That was the last film."
