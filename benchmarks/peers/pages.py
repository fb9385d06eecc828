"""What the templates are given: shelves and their films as plain data, which Redis can keep."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Exists, OuterRef

from recommendations.models import Movie, Viewer
from recommendations.shelves import HOME_SHELVES, SHOWN, QueryShelf
from recommendations.templatetags.films import poster_url
from recommendations.views.cards import Card
from recommendations.views.home.presenters import WAITING_IN_SIGHT

Json = dict[str, Any]


def waiting_page(viewer: Viewer) -> list[Json]:
    """The shelves that are plain SQL, and placeholders for the others."""
    taste = viewer.taste()
    shown: list[Json] = []
    waiting = 0
    for shelf in [each for each in HOME_SHELVES if each.is_for(taste)]:
        if isinstance(shelf, QueryShelf):
            taken = [card["id"] for each in shown for card in each["cards"]]
            shown.append(plain_shelf(shelf, viewer, taken))
        else:
            hidden = waiting >= WAITING_IN_SIGHT
            head = {"slug": shelf.slug, "title": shelf.title, "reason": shelf.reason}
            shown.append(head | {"waiting": True, "hidden": hidden, "cards": []})
            waiting += 1
    return shown


def plain_shelf(
    shelf: QueryShelf, viewer: Viewer, taken: list[int], stars: Mapping[int, float] | None = None
) -> Json:
    rated = viewer.ratings.filter(movie=OuterRef("pk"))
    films = shelf.films().exclude(pk__in=taken).exclude(Exists(rated))[:SHOWN]
    drawn = [as_json(Card(film, (stars or {}).get(film.pk))) for film in films]
    return {"slug": shelf.slug, "title": shelf.title, "reason": shelf.reason, "cards": drawn}


def known_of(parts: Iterable[Json]) -> dict[int, Movie]:
    """The films that shelves show and name."""
    items = [item for part in parts for item in part["items"][:SHOWN]]
    return Movie.objects.in_bulk({film for item in items for film in named(item)})


def named(item: Json) -> list[int]:
    return [item["movie"], *item["because"]]


def cards(items: Iterable[Json], known: Mapping[int, Movie]) -> list[Json]:
    return [
        as_json(Card(film, item["stars"], because))
        for item in items
        for film, *because in [[known[each] for each in named(item)]]
    ]


def as_json(card: Card) -> Json:
    film = card.movie
    return {
        "id": film.pk,
        "title": film.short_title,
        "year": film.year,
        "url": film.get_absolute_url(),
        "poster": poster_url(film),
        "stars": card.stars,
        "mean": film.mean_stars,
        "reason": card.reason,
        "short_reason": card.short_reason,
    }
