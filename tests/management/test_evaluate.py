import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from recommendations.engine.evaluation import evaluate
from recommendations.evaluating import read_database, read_dataset
from recommendations.models import Genre, Movie, Rating, TrainedModel, Viewer
from tests.engine.test_evaluation import Counts
from tests.importers.datasets import (
    RATINGS,
    Files,
    csv_files,
    dat_files,
    folder,
    ml_100k_files,
    with_line,
    zipped,
)
from tests.movielens import write_small_dataset

QUICK = ["--param", "factors=4", "--param", "epochs=5"]
SOURCE = Path(settings.BASE_DIR).parent / "shared" / "data" / "ml-latest-small.zip"


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("evaluate", *QUICK, *arguments, stdout=out)
    return out.getvalue()


def as_json(*arguments: str) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = json.loads(run("--json", *arguments))
    return results


@pytest.fixture
def dataset(tmp_path: Path) -> str:
    return str(write_small_dataset(tmp_path / "small"))


def test_a_data_set_is_measured_without_the_database(dataset: str) -> None:
    # No fixture lets this test near the database.
    heading, svd = run("--dataset", dataset).splitlines()
    assert heading.split()[:4] == ["algorithm", "seed", "nDCG@10", "MAP"]
    assert svd.split()[:2] == ["svd", "42"]
    assert len(heading) == len(svd)


def test_the_ratings_of_the_database_are_measured_and_nothing_is_written(catalogue: None) -> None:
    assert run().splitlines()[1].startswith("svd")
    assert not TrainedModel.objects.exists()


def test_each_seed_has_a_row_and_so_has_the_mean(dataset: str) -> None:
    rows = run("--dataset", dataset, "--seeds", "42,43").splitlines()[1:]
    assert [row.split()[1] for row in rows] == ["42", "43", "mean"]


def test_several_algorithms_stand_below_each_other(dataset: str) -> None:
    rows = run("--dataset", dataset, "--algorithms", "svd, forgetful").splitlines()[1:]
    assert [row.split()[0] for row in rows] == ["svd", "forgetful"]


def test_stars_are_measured_by_folds(dataset: str) -> None:
    heading = run("--dataset", dataset, "--protocol", "kfold").splitlines()[0]
    assert heading.split()[2:4] == ["RMSE", "MAE"]
    assert "nDCG" not in heading


def test_scripts_get_json(dataset: str) -> None:
    [result] = as_json("--dataset", dataset, "--held-out-viewers", "--k", "5")
    assert (result["algorithm"], result["k"]) == ("svd", 5)
    assert result["protocol"] == "stratified-by-item"
    assert result["parameters"]["factors"] == 4
    assert result["seeds"] == [{"seed": 42} | result["mean"]]
    assert 0 < result["mean"]["ndcg"] <= 1
    assert result["mean"]["held_out_ratio"] > 0


def test_what_cannot_be_measured_is_null_in_json_and_a_dash_in_the_table(tmp_path: Path) -> None:
    files = csv_files()
    rows = [f"{viewer},{film},{1 + film / 2:g},9" for viewer in range(1, 6) for film in (1, 2)]
    header = "userId,movieId,rating,timestamp"
    files["ratings.csv"] = "\n".join([header, *rows]) + "\n"
    source = str(folder(tmp_path / "ml", files))
    [result] = as_json("--dataset", source)
    # Nobody gave four stars.
    assert result["mean"]["liked_ndcg"] is None
    assert " - " in run("--dataset", source)


def test_a_log_gets_one_line_for_each_step(
    dataset: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run("--dataset", dataset)
    assert capsys.readouterr().err == (
        "reading movies.csv\nreading ratings.csv\nsvd, seed 42: fitting\nsvd, seed 42: ranking\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--algorithms", "svd,magic"], "no algorithm 'magic'; valid are hybrid"),
        (["--algorithms", ","], "at least one is needed"),
        (["--param", "beard=1"], "Unknown parameter beard; valid are factors"),
        (["--protocol", "dice"], "invalid choice: 'dice' .*'leave-last-out'"),
        (["--seeds", "42,x"], "'42,x' are no seeds: give whole numbers"),
        (["--k", "0"], "k must be at least 1, not 0"),
        (["--protocol", "kfold", "--held-out-viewers"], "held out of stratified-by-item or"),
        (["--dataset", "nowhere"], "There is no nowhere: give a folder or a zip"),
    ],
)
def test_a_mistake_is_explained(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message) as raised:
        run(*arguments)
    assert "\n" not in str(raised.value)


def test_an_empty_database_is_said_to_have_too_few_ratings(db: None) -> None:
    with pytest.raises(CommandError, match="at least 2 viewers"):
        run()


# Reading.


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("ml-latest-small", csv_files),
        ("ml-100k", ml_100k_files),
        ("ml-1m", lambda: dat_files(encoding="latin-1", tags=False)),
        ("ml-10m", lambda: dat_files(encoding="utf-8", tags=True)),
    ],
)
def test_every_layout_is_read_in_file_order(
    tmp_path: Path, name: str, files: Callable[[], Files]
) -> None:
    for source in (
        folder(tmp_path / name, files()),
        zipped(tmp_path / f"{name}.zip", files(), inner=name),
    ):
        log, bad_rows = read_dataset(str(source))
        columns = (
            log.users.tolist(),
            log.films.tolist(),
            log.stars.tolist(),
            log.seconds.tolist(),
        )
        assert list(zip(*columns, strict=True)) == RATINGS
        assert bad_rows.count == 0


def test_of_films_the_genres_and_the_year_are_read(tmp_path: Path) -> None:
    features = read_dataset(str(folder(tmp_path / "ml", csv_files())))[0].features
    assert features
    assert features.film_ids[:4].tolist() == [1, 2, 3, 4]
    assert features.years[:3].tolist() == [1995, 1994, 1995]
    assert np.isnan(features.years[3])
    assert features.genres.sum(axis=1)[:5].tolist() == [5, 2, 2, 1, 0]


def test_bad_rows_are_skipped_and_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = csv_files()
    files["ratings.csv"] = with_line(files["ratings.csv"], "1,20,7,964982703")
    run("--dataset", str(folder(tmp_path / "ml", files)))
    assert "ratings.csv:202: rating 7 is out of range" in capsys.readouterr().err


def test_of_two_ratings_of_a_film_by_one_viewer_the_last_counts(tmp_path: Path) -> None:
    files = csv_files()
    files["ratings.csv"] = with_line(files["ratings.csv"], "1,1,0.5,964982703")
    log, _ = read_dataset(str(folder(tmp_path / "ml", files)))
    assert len(log) == len(RATINGS)
    assert (log.users[-1], log.films[-1], log.stars[-1]) == (1, 1, 0.5)
    assert (log.users[0], log.films[0]) == (1, 2)


def test_the_database_is_read_by_viewer_and_film_with_what_is_known_of_films(
    catalogue: None,
) -> None:
    guest = Viewer.objects.create(display_name="Somebody")
    guest.rate(Movie.objects.get(pk=1), 5.0)
    log = read_database()
    expected = Rating.objects.exclude(viewer=guest).order_by("viewer_id", "movie_id")
    read = list(zip(log.users.tolist(), log.films.tolist(), log.stars.tolist(), strict=True))
    assert read == list(expected.values_list("viewer_id", "movie_id", "stars"))
    assert log.features
    assert log.features.genres.shape == (Movie.objects.count(), Genre.objects.count())
    assert (log.features.genres.sum(axis=1) == 1).all()


@pytest.mark.skipif(not SOURCE.is_file(), reason="ml-latest-small.zip is not in ../shared/data")
def test_counting_ratings_reaches_what_it_is_known_to_reach_on_ml_latest_small() -> None:
    log, _ = read_dataset(str(SOURCE))
    assert evaluate(Counts, log).mean["ndcg"] == pytest.approx(0.212, abs=0.0005)
