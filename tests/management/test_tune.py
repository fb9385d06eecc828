import json
import re
import shlex
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from recommendations.models import TrainedModel
from recommendations.training import algorithm
from tests.algorithms import Interrupted
from tests.movielens import write_small_dataset

pytestmark = pytest.mark.once

HELD = ["--param", "factors=4", "--param", "epochs=5", "--param", "init_std_dev=0.1"]


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, settings: Settings) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def dataset(tmp_path: Path) -> str:
    return str(write_small_dataset(tmp_path / "small ratings"))


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("tune", *arguments, stdout=out)
    return out.getvalue()


def tune_svd(*arguments: str) -> str:
    """By stars, three trials: the learning rate is what matters in five epochs."""
    return run("svd", *HELD, "--protocol", "kfold", "--trials", "3", *arguments)


def as_json(*arguments: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(tune_svd("--json", *arguments))
    return result


def test_the_best_is_told_beside_the_defaults(dataset: str) -> None:
    lines = tune_svd("--dataset", dataset).splitlines()
    assert lines[0] == "RMSE on inner splits of what kfold trains on (seeds: 0)"
    assert re.fullmatch(r"defaults  \d\.\d{4}  learning_rate=0\.01  regularisation=0\.1", lines[1])
    assert re.fullmatch(r"best      \d\.\d{4}  learning_rate=[.\d]+  .*", lines[2])
    assert re.match(r"3 trials are kept in .*svd-kfold-[0-9a-f]{12}\.log", lines[3])
    assert re.fullmatch(r"Better by \d\.\d{4}(, within 0\.005: noise)?\.", lines[4])
    assert lines[-1].startswith("Only the first fold was left out of the search")


def test_its_commands_measure_and_train_with_what_was_found(dataset: str, catalogue: None) -> None:
    result = as_json("--dataset", dataset)
    for command in result["commands"]:
        manage, *arguments = shlex.split(command)
        assert manage == "manage.py"
        call_command(*arguments, stdout=StringIO())
    best = result["best"]["parameters"]
    assert set(best) == {"learning_rate", "regularisation"}
    stored = TrainedModel.objects.get().parameters
    assert {name: stored[name] for name in best} == best
    assert stored["factors"] == 4


def test_the_ratings_of_the_database_are_searched_and_no_model_is_made(catalogue: None) -> None:
    said = run("ease", "--trials", "2", "--seeds", "42,43")
    assert said.startswith(
        "nDCG@10 on inner splits of what stratified-by-item trains on (seeds: 42, 43)"
    )
    assert not TrainedModel.objects.exists()


def test_the_same_command_goes_on(dataset: str, capsys: pytest.CaptureFixture[str]) -> None:
    first = as_json("--dataset", dataset, "--minutes", "1e-9")
    second = as_json("--dataset", dataset)
    third = as_json("--dataset", dataset)
    assert [first["trials"], second["trials"]] == [1, 3]
    assert first["defaults"] == second["defaults"]
    assert second == third
    trials = re.findall(r"trial \d of \d", capsys.readouterr().err)
    assert trials == ["trial 1 of 3", "trial 2 of 3", "trial 3 of 3"]


def test_a_search_that_found_nothing_better_says_so(dataset: str) -> None:
    said = tune_svd("--dataset", dataset, "--minutes", "1e-9")
    assert said.endswith(
        "The time is up: the same command goes on to 3.\nThe defaults were not beaten.\n"
    )
    result = as_json("--dataset", dataset, "--trials", "1")
    assert (result["gains"], result["commands"]) == ([0], [])


def test_noise_is_called_noise(dataset: str) -> None:
    # Better on the one side of the default or on the other, by next to nothing.
    over = ["--param", "learning_rate=0.01", "--over", "regularisation=0.09..0.11"]
    asked = ["--dataset", dataset, "--seeds", "1,2", "--trials", "8", *over]
    assert re.search(
        r"Better by 0\.00\d\d \(by seed [+-]0\.\d{4}, [+-]0\.\d{4}\), within 0\.005: noise\.",
        tune_svd(*asked),
    )
    assert as_json(*asked)["is_noise"]


def test_scripts_get_json(dataset: str, data_dir: Path) -> None:
    result = as_json("--dataset", dataset, "--study", "mine", "--over", "regularisation=.01..1")
    assert result["study"] == str(data_dir / "studies" / "mine.log")
    assert (result["algorithm"], result["protocol"], result["seeds"]) == ("svd", "kfold", [0])
    assert (result["measure"], result["trials"]) == ("rmse", 3)
    assert result["ranges"]["regularisation"] == [0.01, 1]
    assert result["fixed"]["factors"] == "4"
    assert result["defaults"]["parameters"] == {"learning_rate": 0.01, "regularisation": 0.1}
    assert 0 < result["best"]["value"] <= result["defaults"]["value"] < 2


def test_parameters_that_failed_are_told(dataset: str) -> None:
    over = ["--over", "learning_rate=50..90"]
    said = tune_svd("--dataset", dataset, *over)
    assert "2 of them failed, the last because: " in said
    assert len(as_json("--dataset", dataset, *over)["failures"]) == 2


def test_it_fails_when_nothing_can_be_measured(dataset: str) -> None:
    with pytest.raises(CommandError, match="No trial could be measured: "):
        tune_svd("--dataset", dataset, "--param", "learning_rate=90")


def test_an_interrupted_search_exits_as_interrupted_ones_do(dataset: str) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    Interrupted.meanwhile = interrupt
    with pytest.raises(CommandError, match="every finished trial is kept") as raised:
        run("interrupted", *HELD, "--dataset", dataset)
    assert raised.value.returncode == 130


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["magic"], "no algorithm 'magic'; valid are hybrid"),
        (["popularity"], "Of popularity there is nothing to search"),
        (["svd", "--param", "beard=1"], "Unknown parameter beard; valid are factors"),
        (["svd", "--over", "beard=1..2"], "Unknown parameter beard; valid are factors"),
        (["svd", "--over", "factors=1-9"], "'factors=1-9' is not of the form name=low..high"),
        (["svd", "--over", "factors=1..inf"], "is not of the form name=low..high"),
        (["svd", "--over", "factors=9..1"], "goes from low to high, not from 9.0 to 1.0"),
        (["svd", "--over", "factors=-5..5"], "Parameter factors must be above 0"),
        (["svd", "--trials", "0"], "at least 1 trial, not 0"),
        (["svd", "--minutes", "0"], "Minutes must be above 0, not 0"),
        (["svd", "--study", "../mine"], "'../mine' is no name for a file"),
        (["svd", "--protocol", "leave-last-out", "--seeds", "1"], "it takes no seeds"),
        (["svd", "--dataset", "nowhere"], "There is no nowhere: give a folder or a zip"),
    ],
)
def test_a_mistake_is_explained(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message) as raised:
        run(*arguments)
    assert "\n" not in str(raised.value)


def test_a_name_that_another_search_has_is_refused(dataset: str) -> None:
    tune_svd("--dataset", dataset, "--study", "mine")
    with pytest.raises(CommandError, match="give another name"):
        tune_svd("--dataset", dataset, "--study", "mine", "--seeds", "5")


def test_an_empty_database_is_said_to_have_too_few_ratings(db: None) -> None:
    with pytest.raises(CommandError, match="at least 2 viewers"):
        run("svd")


def test_no_other_command_waits_for_optuna() -> None:
    code = (
        "import sys, django.core.management as management\n"
        "management.execute_from_command_line(['manage.py', 'help'])\n"
        "for name, app in management.get_commands().items():\n"
        "    management.load_command_class(app, name)\n"
        "sys.exit('optuna' in sys.modules)"
    )
    process = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert b"tune" in process.stdout
    assert process.returncode == 0, process.stderr


# What each model declares.


@pytest.mark.parametrize("name", site.ALGORITHMS)
def test_every_range_has_usable_ends_and_the_default_inside(name: str) -> None:
    model = algorithm(name)
    for parameter, ends in model.options.ranges.items():
        default = model().parameters.named()[parameter]
        assert ends.low <= default <= ends.high
        model(**{parameter: ends.low})
        model(**{parameter: ends.high})
