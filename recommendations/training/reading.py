"""What a training reads from the database."""

from functools import partial
from typing import TYPE_CHECKING, Any

from recommendations.engine.features import FilmFeatures
from recommendations.engine.holdout import is_held_out
from recommendations.engine.progress import Steps
from recommendations.engine.ratings import Ratings
from recommendations.models import Genre, Movie, Rating, rating_arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray


def film_features() -> FilmFeatures | None:
    """Genres and years of all films; None if there are no films."""
    genres = Genre.objects.filter(movies__isnull=False).values_list("movies", "name")
    return FilmFeatures.of_films(dict(Movie.objects.values_list("id", "year")), genres)


def read(progress: Steps) -> "tuple[Ratings, NDArray[Any]]":
    """The ratings to fit a model to, and the rows of those that no training ever sees."""
    rows = rating_arrays.read(Rating.objects.contributed(), partial(progress, "Reading ratings"))
    held = is_held_out(rows["viewer"], rows["movie"])
    return Ratings.from_ids(*columns(rows[~held])), rows[held]


def columns(rows: "NDArray[Any]") -> "tuple[NDArray[Any], NDArray[Any], NDArray[Any]]":
    return rows["viewer"], rows["movie"], rows["stars"]
