"""Surprise as its own users have it, to compare with."""

from collections.abc import Iterator
from typing import Any

from recommendations.engine.ratings import Ratings
from recommendations.engine.trainset import shuffled


def as_surprise_has_it(ratings: Ratings) -> Any:
    """Surprise's own Trainset of lists; only the order of `all_ratings` is the engine's."""
    from surprise import Trainset  # noqa: PLC0415

    users, films, stars = (each.tolist() for each in (ratings.users, ratings.films, ratings.stars))
    order = shuffled(len(ratings), 0)

    class Shuffled(Trainset):  # type: ignore[misc]
        def all_ratings(self) -> Iterator[tuple[int, int, float]]:
            return ((users[row], films[row], stars[row]) for row in order)

    ur: dict[int, list[tuple[int, float]]] = {user: [] for user in range(ratings.n_users)}
    ir: dict[int, list[tuple[int, float]]] = {film: [] for film in range(ratings.n_films)}
    for user, film, star in zip(users, films, stars, strict=True):
        ur[user].append((film, star))
        ir[film].append((user, star))
    raw_users = {raw: inner for inner, raw in enumerate(ratings.user_ids.tolist())}
    raw_films = {raw: inner for inner, raw in enumerate(ratings.film_ids.tolist())}
    sizes = ratings.n_users, ratings.n_films, len(ratings)
    return Shuffled(ur, ir, *sizes, (0.5, 5), raw_users, raw_films)
