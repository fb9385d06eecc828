import numpy as np
import pytest

from recommendations.engine import neighbours
from recommendations.engine.neighbours import nearest
from recommendations.engine.ratings import Ratings
from tests.engine.contract import two_blocks


def similar(found: neighbours.Neighbours, film: int) -> list[int]:
    return [int(other) for other in found.films[found.starts[film] : found.starts[film + 1]]]


def with_a_rare_film() -> Ratings:
    """Film 9999, the last one, was rated by 9 viewers of the first block only."""
    blocks = two_blocks()
    return Ratings.from_ids(
        np.append(blocks.user_ids[blocks.users], blocks.user_ids[:9]),
        np.append(blocks.film_ids[blocks.films], [9999] * 9),
        np.append(blocks.stars, [4.5] * 9),
    )


def test_a_rare_film_is_nobodys_neighbour_but_has_some() -> None:
    ratings = with_a_rare_film()
    rare = ratings.n_films - 1
    found = nearest(ratings)
    assert rare not in found.films
    assert similar(found, rare)


def test_a_film_is_not_its_own_neighbour() -> None:
    found = nearest(two_blocks())
    assert all(film not in similar(found, film) for film in range(30))


def test_neighbours_are_few_and_nearest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "KEPT", 4)
    all_of_them = nearest(two_blocks())
    assert (np.diff(all_of_them.starts) == 4).all()
    for row in all_of_them.similarities.reshape(-1, 4):
        assert (np.diff(row) <= 0).all()
        assert (row > 0).all()


def test_a_sample_of_the_raters_finds_nearly_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    ratings = two_blocks()
    exact = nearest(ratings)
    monkeypatch.setattr(neighbours, "RATERS", 20)
    sampled = nearest(ratings)
    same_block = [sum(film < 15 for film in similar(sampled, film)[:10]) for film in range(15)]
    assert min(same_block) >= 8
    assert np.isclose(exact.similarities.mean(), sampled.similarities.mean(), rtol=0.2)


def test_too_few_ratings_for_any_neighbour_leave_empty_lists() -> None:
    found = nearest(Ratings.from_ids([1, 1, 2, 2], [1, 2, 1, 2], [5, 1, 4, 2]))
    assert found.starts.tolist() == [0, 0, 0]
    assert len(found.films) == len(found.similarities) == 0
