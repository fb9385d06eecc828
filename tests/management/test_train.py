import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from recommendations.models import TrainedModel

QUICK = ["--param", "factors=4", "--param", "epochs=5"]


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("train", *arguments, stdout=out)
    return out.getvalue()


def test_it_trains_and_puts_the_model_to_work(catalogue: None) -> None:
    said = run(*QUICK)
    model = TrainedModel.objects.get()
    assert model.state == TrainedModel.State.ACTIVE
    assert model.parameters["factors"] == 4
    assert re.fullmatch(
        rf"Trained svd {model.pk} on [\d,]+ ratings in \d+\.\d s: "
        r"RMSE \d\.\d\d on \d+ held-out ratings\. It is active now\.\n",
        said,
    )


def test_the_present_model_can_be_left_at_work(active_model: TrainedModel) -> None:
    said = run(*QUICK, "--no-activate")
    assert TrainedModel.objects.active().get() == active_model
    assert "It is ready now." in said


def test_a_worse_model_is_left_with_the_figures_and_what_to_do(active_model: TrainedModel) -> None:
    bad = ["--param", "factors=1", "--param", "epochs=1", "--param", "learning_rate=1e-9"]
    said = run(*bad)
    assert TrainedModel.objects.active().get() == active_model
    assert re.search(r"RMSE \d\.\d{4} against \d\.\d{4}; worse by \d\.\d{4} ± ", said)
    assert "train --force" in said
    assert "It is active now." in run(*bad, "--force")


def test_a_training_can_be_left_to_the_cluster(catalogue: None) -> None:
    said = run(*QUICK, "--queue", "--force")
    model = TrainedModel.objects.get()
    assert f"Queued {model}." in said
    assert (model.standing, model.activation) == ("queued", TrainedModel.Activation.ALWAYS)
    assert model.parameters == {"factors": "4", "epochs": "5"}
    with pytest.raises(CommandError, match="Unknown parameter beard"):
        run("--queue", "--param", "beard=1")


def test_a_log_gets_one_line_for_each_step(
    catalogue: None, capsys: pytest.CaptureFixture[str]
) -> None:
    run(*QUICK)
    assert capsys.readouterr().err == (
        "Reading ratings\nFitting\nMeasuring\nSimilar films\nAlso liked\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--algorithm", "magic"], "no algorithm 'magic'; valid are hybrid"),
        (["--param", "beard=1"], "Unknown parameter beard; valid are factors"),
        (["--param", "factors=many"], "must be a whole number"),
        (["--param", "factors"], "'factors' is not of the form name=value"),
    ],
)
def test_a_mistake_is_explained(db: None, arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run(*arguments)


def test_an_empty_database_is_said_to_have_too_few_ratings(db: None) -> None:
    with pytest.raises(CommandError, match="Training needs ratings by at least 2 viewers"):
        run()
    assert TrainedModel.objects.get().state == TrainedModel.State.FAILED
