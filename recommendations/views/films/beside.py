"""What stands beside a film on its page: the films near it, and how others rated it."""

from django.db.models import Count

from recommendations.models import Movie, Neighbours, Viewer
from recommendations.models.taste import HALVES
from recommendations.shelves import SHOWN
from recommendations.views.cards import Card
from recommendations.views.home.presenters import ShelfView, cards_of


def neighbours(movie: Movie, viewer: Viewer | None) -> dict[str, ShelfView]:
    """What training stored of the films near this one; none is on both shelves."""
    row = Neighbours.objects.filter(movie=movie, model__state="active").first()
    similar = row.films[:SHOWN] if row else []
    liked = [film for film in row.also_liked if film not in similar][:SHOWN] if row else []
    found = cards_of(Movie.objects.filter(pk__in=similar + liked), viewer)
    by_film = {card.movie.pk: card for card in found}

    def cards(films: list[int]) -> list[Card]:
        return [by_film[film] for film in films if film in by_film]

    return {
        "similar": ShelfView(
            *("more-like-this", "More like this", "by genre and by shared fans"),
            cards=cards(similar),
        ),
        "also_liked": ShelfView(
            *("also-liked", "People who liked this also liked", "four stars or more for both"),
            cards=cards(liked),
        ),
    }


def histogram(movie: Movie) -> list[tuple[float, int]]:
    """For each half star, how many gave it; nothing if nobody gave any."""
    given = dict(movie.ratings.contributed().order_by().values_list("stars").annotate(Count("pk")))
    return [(half, given.get(half, 0)) for half in HALVES] if given else []
