import numpy as np
import pytest
from numpy.typing import NDArray

from recommendations.engine import corating, neighbours
from recommendations.engine.features import FilmFeatures
from recommendations.engine.neighbours import nearest
from recommendations.engine.ratings import Ratings
from tests.engine.contract import BLOCK_FILMS, BLOCK_VIEWERS, FILM_IDS, two_blocks

#: One genre for each block, and no years.
GENRES = np.repeat(np.eye(2, dtype=bool), BLOCK_FILMS, axis=0)


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
    monkeypatch.setattr(corating, "RATERS", 20)
    sampled = nearest(ratings)
    same_block = [sum(film < 15 for film in similar(sampled, film)[:10]) for film in range(15)]
    assert min(same_block) >= 8
    assert np.isclose(exact.similarities.mean(), sampled.similarities.mean(), rtol=0.2)


def test_too_few_ratings_for_any_neighbour_leave_empty_lists() -> None:
    found = nearest(Ratings.from_ids([1, 1, 2, 2], [1, 2, 1, 2], [5, 1, 4, 2]))
    assert found.starts.tolist() == [0, 0, 0]
    assert len(found.films) == len(found.similarities) == 0


def test_the_same_ratings_give_the_same_neighbours() -> None:
    one, other = nearest(two_blocks()), nearest(two_blocks())
    assert np.array_equal(one.films, other.films)
    assert np.array_equal(one.similarities, other.similarities)


# Features.


def features_of(film_ids: NDArray[np.integer], genres: NDArray[np.bool_]) -> FilmFeatures:
    return FilmFeatures(film_ids.astype(np.int32), genres, np.full(len(genres), np.nan, "f4"))


def with_a_disguised_film(raters: int) -> tuple[Ratings, FilmFeatures]:
    """Film 9999, the last one, is rated like the first block and has the second one's genre."""
    blocks = two_blocks()
    viewers = np.arange(2 * BLOCK_VIEWERS).reshape(2, -1).T.ravel()[:raters]
    ratings = Ratings.from_ids(
        np.append(blocks.user_ids[blocks.users], blocks.user_ids[viewers]),
        np.append(blocks.film_ids[blocks.films], [9999] * raters),
        np.append(blocks.stars, np.where(viewers < BLOCK_VIEWERS, 4.5, 1.5)),
    )
    return ratings, features_of(np.append(FILM_IDS, 9999), np.vstack([GENRES, GENRES[-1:]]))


def of_its_genre(raters: int) -> int:
    """How many of the disguised film's ten nearest have its genre."""
    ratings, features = with_a_disguised_film(raters)
    return sum(film >= BLOCK_FILMS for film in similar(nearest(ratings, features), 30)[:10])


def test_the_fewer_ratings_a_film_has_the_more_it_leans_on_its_features() -> None:
    leaning = [of_its_genre(raters) for raters in (2, 6, 60)]
    assert leaning == sorted(leaning, reverse=True)
    assert leaning[0] == 10
    assert leaning[-1] < 10


def test_a_film_without_features_leans_on_its_ratings() -> None:
    ratings, features = with_a_disguised_film(60)
    found = nearest(ratings, features_of(features.film_ids[:-1], features.genres[:-1]))
    assert all(film < BLOCK_FILMS for film in similar(found, 30)[:10])


def test_features_of_other_films_only_are_as_good_as_none() -> None:
    without = nearest(two_blocks())
    others = nearest(two_blocks(), features_of(FILM_IDS + 1, GENRES))
    assert np.array_equal(without.films, others.films)
    assert np.array_equal(without.similarities, others.similarities)


def eight_years() -> tuple[Ratings, FilmFeatures]:
    """Each viewer has one of two tastes, and has seen most of one year and little of others."""
    random = np.random.default_rng(6)
    viewers, films = np.meshgrid(np.arange(160), np.arange(80), indexing="ij")
    rated = random.random(viewers.shape) < np.where(viewers % 8 == films % 8, 0.9, 0.2)
    stars = np.where(viewers // 8 % 2 == films // 8 % 2, 4.5, 2.5)
    ratings = Ratings.from_ids(viewers[rated], films[rated], stars[rated])
    years = (2000 + 2 * (np.arange(80) % 8)).astype(np.float32)
    return ratings, FilmFeatures(ratings.film_ids, np.ones((80, 1), bool), years)


def advantage_of_one_year(found: neighbours.Neighbours) -> float:
    """How many times more alike films of one year are than others, among those of one taste."""
    films = np.repeat(np.arange(80), np.diff(found.starts))
    of_one_taste = films // 8 % 2 == found.films // 8 % 2
    of_one_year = films % 8 == found.films % 8
    return float(
        found.similarities[of_one_taste & of_one_year].mean()
        / found.similarities[of_one_taste & ~of_one_year].mean()
    )


def test_being_of_one_year_hardly_makes_films_alike() -> None:
    ratings, features = eight_years()
    assert advantage_of_one_year(nearest(ratings)) > 2
    assert advantage_of_one_year(nearest(ratings, features)) < 1.7


# Weights that the ranker learned.


def test_the_rankers_weights_count() -> None:
    def pair(films: NDArray[np.int32], others: NDArray[np.int32]) -> NDArray[np.float32]:
        """Films 0 and 20 go together, which their ratings do not say."""
        return np.outer(films == 0, others == 20).astype(np.float32)

    by_ratings, by_weights = nearest(two_blocks()), nearest(two_blocks(), item_weights=pair)
    assert similar(by_ratings, 0)[0] != 20
    assert similar(by_weights, 0)[0] == 20
    assert similar(by_weights, 1) == similar(by_ratings, 1)
