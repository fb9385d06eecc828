import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.core.management import CommandError, call_command

from recommendations import training
from recommendations.models import TrainedModel
from tests.training.conftest import SMALL, store

__all__ = ["store"]


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("models", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def second(store: Path, active_model: TrainedModel) -> TrainedModel:
    model = training.train("svd", SMALL | {"factors": 5})
    model.activate()
    return model


def test_without_models_the_list_says_how_to_make_one(db: None) -> None:
    assert run() == "There are no models; manage.py train makes one.\n"


def test_the_list_is_an_aligned_table(second: TrainedModel) -> None:
    heading, *rows = run("list").splitlines()
    assert heading.split() == [
        "id",
        "algorithm",
        "state",
        "trained",
        "checksum",
        "ratings",
        "RMSE",
        "nDCG@10",
    ]
    assert [row.split()[2] for row in rows] == ["active", "retired"]
    assert all(row[heading.index("state")] in "ar" for row in rows)
    assert second.checksum[:8] in rows[0]
    assert run() == run("list")


def test_everything_is_shown_of_one(second: TrainedModel) -> None:
    said = run("show", str(second.pk))
    assert "epochs=20, factors=5" in said
    assert second.checksum in said
    assert re.search(r"artifact +0\.0 MB, whole", said)
    storages["models"].delete(f"{second.checksum}/base.npy")
    assert "base.npy is missing" in run("show", str(second.pk))


def test_a_comparison_is_shown(second: TrainedModel) -> None:
    call_command("train", "--param", "factors=4", "--param", "epochs=1", stdout=StringIO())
    said = run("show", str(TrainedModel.objects.latest("pk").pk))
    assert f"Compared with svd {second.pk}" in said
    assert re.search(r"RMSE \d\.\d{4} against \d\.\d{4}; (worse|better) by", said)


def test_a_model_is_activated_and_rolled_back(second: TrainedModel) -> None:
    first = TrainedModel.objects.earliest("pk")
    assert run("activate", str(first.pk)) == f"svd {first.pk} is at work now.\n"
    assert run("rollback") == f"svd {second.pk} is at work again.\n"
    assert TrainedModel.objects.active().get() == second


def test_a_model_is_deleted(second: TrainedModel) -> None:
    first = TrainedModel.objects.earliest("pk")
    assert run("delete", str(first.pk)) == f"svd {first.pk} is deleted.\n"
    assert TrainedModel.objects.get() == second


def test_old_models_are_pruned(second: TrainedModel) -> None:
    for factors in (6, 7):
        training.train("svd", SMALL | {"factors": factors})
    assert run("prune", "--keep", "1").startswith("Deleted 1 ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "0"], r"There is no model 0; manage\.py models lists them"),
        (["activate", "{active}"], "only a ready or retired model can be used"),
        (["delete", "{active}"], "is at work; activate another model first"),
        (["activate", "{damaged}"], r"base\.npy is missing\. Train another: manage\.py train"),
        (["rollback"], r"base\.npy is missing"),
        (["prune", "--keep", "-1"], "at least 0"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    second: TrainedModel, arguments: list[str], message: str
) -> None:
    first = TrainedModel.objects.earliest("pk")
    storages["models"].delete(f"{first.checksum}/base.npy")
    given = [word.format(active=second.pk, damaged=first.pk) for word in arguments]
    with pytest.raises(CommandError, match=message) as refused:
        run(*given)
    assert len(str(refused.value).splitlines()) == 1
    assert TrainedModel.objects.active().get() == second
