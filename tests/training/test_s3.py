"""Models in an S3 bucket: the storage that has no folders."""

from collections.abc import Iterator

import boto3
import pytest
from django.conf import LazySettings
from django.core.files.storage import storages
from moto.server import ThreadedMotoServer

from recommendations import training
from recommendations.engine.artifacts import ArtifactError
from recommendations.models import TrainedModel
from recommendations.training import keeping, loading, storing
from recsite.environment import model_storage
from tests.training.conftest import SMALL, cached

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = ThreadedMotoServer(port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture(autouse=True)
def bucket(
    server: str, store: object, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """An empty bucket in place of the folder."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    made = boto3.resource("s3", endpoint_url=server, region_name="us-east-1").Bucket("films")
    made.create()
    url = f"s3://films/our/models?endpoint_url={server}&region_name=us-east-1"
    models = model_storage(url, settings.MODEL_CACHE)
    settings.STORAGES = {**settings.STORAGES, "models": models}
    yield
    made.objects.delete()
    made.delete()


def names(checksum: str) -> list[str]:
    return sorted(storages["models"].listdir(checksum)[1])


def test_a_model_is_trained_stored_and_loaded_into_a_fresh_cache(
    active_model: TrainedModel, settings: LazySettings
) -> None:
    assert training.load_active()
    assert sorted(path.name for path in cached(settings, active_model).iterdir()) == names(
        active_model.checksum
    )
    inspected = storing.inspect(active_model.checksum)
    assert not inspected.problem
    assert inspected.size > 1000


def test_a_damaged_file_is_noticed_and_mended(
    active_model: TrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{active_model.checksum}/factors.npy"
    before = names(active_model.checksum)
    with storages["models"].open(name, "wb") as file:
        file.write(b"nonsense")
    assert "factors.npy is damaged" in storing.inspect(active_model.checksum).problem
    with pytest.raises(ArtifactError, match=r"factors\.npy is damaged"):
        training.load_active()
    training.train("svd", SMALL)
    assert names(active_model.checksum) == before
    assert training.load_active()


def test_a_missing_file_is_noticed_and_the_last_good_model_serves(
    active_model: TrainedModel,
) -> None:
    second = training.train("svd", SMALL | {"factors": 5})
    second.activate()
    storages["models"].delete(f"{second.checksum}/manifest.json")
    loaded = training.load_active()
    assert loaded
    assert loaded.pk == active_model.pk


def test_a_deleted_model_leaves_nothing(active_model: TrainedModel) -> None:
    second = training.train("svd", SMALL | {"factors": 5})
    keeping.delete(second)
    assert names(second.checksum) == []
    assert storages["models"].listdir("")[0] == [active_model.checksum]


def test_files_that_no_row_names_are_pruned(active_model: TrainedModel) -> None:
    second = training.train("svd", SMALL | {"factors": 5})
    TrainedModel.objects.filter(pk=second.pk).delete()
    assert keeping.prune() == 1
    assert names(second.checksum) == []
    assert names(active_model.checksum) != []


def test_an_unreachable_server_is_an_outage_and_changes_nothing(
    active_model: TrainedModel, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    training.load_active()
    second = training.train("svd", SMALL | {"factors": 5})
    second.activate()
    away = model_storage(
        "s3://films/our/models?endpoint_url=http://127.0.0.1:1", settings.MODEL_CACHE
    )
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    settings.STORAGES = {**settings.STORAGES, "models": away}
    monkeypatch.setattr(loading, "_loaded", None)
    with pytest.raises(Exception, match="Could not connect to the endpoint"):
        training.load_active()
    assert TrainedModel.objects.active().get() == second
