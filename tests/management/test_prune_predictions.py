"""`manage.py prune_predictions`."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from recommendations.models import Movie, Prediction, TrainedModel, Viewer
from tests.pipeline.test_requests import done


def run(*arguments: str) -> str:
    stdout = StringIO()
    call_command("prune_predictions", *arguments, stdout=stdout)
    return stdout.getvalue()


def test_it_says_how_many_went(active_model: TrainedModel, alice: Viewer) -> None:
    for _ in range(3):
        done(alice)
        alice.rate(Movie.objects.get(pk=50), 2.5)
    assert run() == "Deleted 0 predictions.\n"
    assert run("--keep-runs", "2") == "Deleted 1 prediction.\n"
    assert run("--days", "0") == "Deleted 1 prediction.\n"
    assert Prediction.objects.count() == 1


@pytest.mark.parametrize(
    "arguments", [["--keep-runs", "0"], ["--days", "-1"], ["--days", "99999999"], ["--days", "x"]]
)
def test_nonsense_is_refused(db: None, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        run(*arguments)
