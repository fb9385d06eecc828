"""The rows of a home page: each says its title, who sees it, and how it picks its films."""

from recommendations.shelves.base import (
    REASONS,
    SHOWN,
    STORED,
    ModelShelf,
    Picked,
    QueryShelf,
    Scored,
    Shelf,
    in_words,
    reasons,
)
from recommendations.shelves.everybodys import NewAndWellLiked, Popular, PopularInGenre
from recommendations.shelves.gems import HiddenGems
from recommendations.shelves.picks import BecauseYouLiked, FromYourFavourite, TopPicks
from recommendations.shelves.watched import WatchAgain

__all__ = [
    "HOME_SHELVES",
    "REASONS",
    "SHELVES",
    "SHOWN",
    "STORED",
    "TOP_PICKS",
    "ModelShelf",
    "Picked",
    "QueryShelf",
    "Scored",
    "Shelf",
    "in_words",
    "model_shelves",
    "reasons",
]

LIKED_WAITING = ("Because you liked …", "films like your favourites")
FAVOURITE_WAITING = ("More of your favourites", "what you rate highest")
MOST_RATED = "rated by the most people"

#: Genres that most people look for, and what their films are called in a title.
GENRES = {
    "Comedy": "comedy",
    "Crime": "crime",
    "Sci-Fi": "sci-fi",
    "Romance": "romance",
    "Thriller": "thrillers",
    "Animation": "animation",
}

#: The shelf that taste controls fill anew.
TOP_PICKS = TopPicks("top-picks", "Top picks for you", "ranked from your ratings")

#: From the top of the page to its end.
HOME_SHELVES: tuple[Shelf, ...] = (
    TOP_PICKS,
    BecauseYouLiked("because-you-liked", *LIKED_WAITING),
    BecauseYouLiked("because-you-liked-too", *LIKED_WAITING, place=1),
    FromYourFavourite("favourite", *FAVOURITE_WAITING),
    FromYourFavourite("favourite-too", *FAVOURITE_WAITING),
    HiddenGems("hidden-gems", "Hidden gems", "well predicted, little seen"),
    WatchAgain("watch-again", "Watch again", "you loved them years ago"),
    Popular("popular", "Popular", MOST_RATED),
    NewAndWellLiked("new", "New and well liked", "the best of the newest years here"),
    *(
        PopularInGenre(f"popular-{genre.lower()}", f"Popular in {name}", MOST_RATED, genre=genre)
        for genre, name in GENRES.items()
    ),
)

SHELVES = {shelf.slug: shelf for shelf in HOME_SHELVES}


def model_shelves() -> list[ModelShelf]:
    return [shelf for shelf in HOME_SHELVES if isinstance(shelf, ModelShelf)]
