"""What those who liked a film also liked."""

import numpy as np
import pytest

from recommendations.engine import co_liking
from recommendations.engine.co_liking import also_liked
from recommendations.engine.ratings import Ratings
from tests.engine.contract import BLOCK_FILMS, two_blocks


def liked_by(films_of: dict[int, list[int]], disliked: dict[int, list[int]]) -> Ratings:
    given = [(user, film, 4.5) for user, films in films_of.items() for film in films]
    given += [(user, film, 2.0) for user, films in disliked.items() for film in films]
    users, films, stars = zip(*given, strict=True)
    return Ratings.from_ids(users, films, stars)


def test_films_of_the_same_block_are_liked_together() -> None:
    for film, others in enumerate(also_liked(two_blocks(), 10)):
        assert len(others) == 10
        assert film not in others
        assert ((others < BLOCK_FILMS) == (film < BLOCK_FILMS)).all()


def test_what_the_fans_alone_like_comes_before_what_everybody_likes() -> None:
    """Film 1 has 12 fans: all like film 3, which everybody does, and 11 like film 2."""
    fans = {user: [1, 2, 3] if user else [1, 3] for user in range(12)}
    ratings = liked_by(fans | {user: [3] for user in range(12, 100)}, {100: [1]})
    assert also_liked(ratings, 5)[0].tolist() == [1, 2]


def test_a_film_that_was_rated_but_not_liked_is_not_named() -> None:
    everybody = range(20)
    ratings = liked_by({user: [1, 2] for user in everybody}, {user: [3] for user in everybody})
    assert [others.tolist() for others in also_liked(ratings, 5)] == [[1], [0], []]


def test_two_who_like_both_are_a_coincidence() -> None:
    likes = {user: [1, 2] if user < 2 else [1 + user % 2] for user in range(22)}
    ratings = liked_by(likes, {22: [1]})
    assert not any(len(others) for others in also_liked(ratings, 5))


def test_a_film_with_few_ratings_is_not_named() -> None:
    ratings = liked_by(
        {user: [1, 2] if user < 9 else [1] for user in range(20)}, {20: [1], 21: [1]}
    )
    assert [others.tolist() for others in also_liked(ratings, 5)] == [[], [0]]


def test_a_sample_of_the_fans_finds_the_same_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(co_liking, "SAMPLED", 10)
    found = also_liked(two_blocks(), 8)
    assert all(np.mean(others < BLOCK_FILMS) > 0.9 for others in found[:BLOCK_FILMS])
