"""Simulated data sets of any size: exactly so large, importable, and nothing half-made."""

from pathlib import Path

import numpy as np
import pytest

from recommendations.engine.ease import EASE
from recommendations.engine.evaluation import evaluate
from recommendations.engine.popularity import Popularity
from recommendations.evaluating import read_dataset
from recommendations.importers import generating
from recommendations.importers.generating import Refused, Size, generate
from recommendations.importers.movielens import import_movielens
from recommendations.importers.report import Step
from recommendations.importers.simulation import apportion
from recommendations.models import Catalogue, Movie, Rating, Viewer

SMALL = Size(viewers=60, movies=90, ratings=1_500)


@pytest.mark.django_db
def test_what_is_generated_can_be_imported(tmp_path: Path) -> None:
    generate(SMALL, 1, tmp_path / "large")

    report = import_movielens(tmp_path / "large")

    assert (report.name, report.bad_rows.count) == ("large", 0)
    assert (report.movies, report.ratings, report.viewers) == (90, 1_500, 60)
    assert Rating.objects.count() == 1_500
    assert not Movie.objects.filter(rating_count=0).exists()
    assert Catalogue.objects.get().simulated
    assert str(Viewer.objects.get(imported_id=1)) == "Simulated viewer 1"


@pytest.mark.parametrize(
    "size",
    [
        Size(1, 2, 1),
        Size(5, 7, 17),
        Size(40, 100, 2_000),
        Size(300, 40, 300),
        Size(20, 3_000, 2_000),
        Size(30, 3_000, 3_000),
    ],
)
def test_there_are_exactly_so_many_ratings_and_no_pair_twice(tmp_path: Path, size: Size) -> None:
    generate(size, 7, tmp_path / "ml")

    log, bad_rows = read_dataset(str(tmp_path / "ml"))
    assert (len(log), bad_rows.count) == (size.ratings, 0)
    assert len(np.unique(log.users)) == size.viewers
    if size.ratings >= size.movies:
        assert len(np.unique(log.films)) == size.movies


def test_blocks_join_without_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generating, "BLOCK", 100)

    generate(SMALL, 1, tmp_path / "ml")

    log, _ = read_dataset(str(tmp_path / "ml"))
    assert len(log) == 1_500
    assert (np.diff(log.users) >= 0).all()
    assert len(np.unique(log.films)) == 90


def test_the_same_seed_gives_the_same_ratings_and_another_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate(SMALL, seed, tmp_path / name)

    a, b, c = ((tmp_path / name / "ratings.csv").read_bytes() for name in "abc")
    assert a == b != c


def test_there_is_something_to_learn_in_them(tmp_path: Path) -> None:
    generate(Size(600, 1_500, 30_000), 1, tmp_path / "ml")

    log, _ = read_dataset(str(tmp_path / "ml"))
    ease, popularity = (evaluate(model, log).mean["ndcg"] for model in (EASE, Popularity))
    assert ease > 1.2 * popularity
    most_rated = np.sort(np.unique_counts(log.films).counts)[-150:]
    assert most_rated.sum() > len(log) / 2


@pytest.mark.parametrize(
    ("size", "why"),
    [
        (Size(10, 10, 51), "51 ratings are too many: 10 viewers and 10 movies can have 50"),
        (Size(10, 10, 9), "9 ratings are too few: each of 10 viewers has one"),
        (Size(0, 10, 5), "There must be from 1 to 2,147,483,647 viewers, not 0"),
        (Size(10, -1, 5), "There must be from 1 to 2,147,483,647 movies, not -1"),
    ],
)
def test_an_impossible_size_is_refused(tmp_path: Path, size: Size, why: str) -> None:
    with pytest.raises(Refused, match=why):
        generate(size, 1, tmp_path / "ml")
    assert not list(tmp_path.iterdir())


def test_an_impossible_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="A seed is a whole number from 0, not -1"):
        generate(SMALL, -1, tmp_path / "ml")


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine")

    for place in (tmp_path, tmp_path / "diary.txt"):
        with pytest.raises(Refused, match="is there and not an empty folder"):
            generate(SMALL, 1, place)
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "ml").mkdir()

    generate(SMALL, 1, tmp_path / "ml")

    assert (tmp_path / "ml" / "ratings.csv").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["ml"]


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(step: Step, done: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(SMALL, 1, tmp_path / "ml", interrupt)

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("total", "fewest", "most"), [(10, 1, 10), (37, 1, 10), (100, 10, 10)])
def test_shares_add_up_within_their_limits(total: int, fewest: int, most: int) -> None:
    shares = apportion(np.arange(1.0, 11.0), total, fewest, most)

    assert shares.sum() == total
    assert fewest <= shares.min() <= shares.max() <= most
