from pathlib import Path

import pytest
from django.conf import LazySettings

from recommendations.models import TrainedModel
from recommendations.training import loading

SMALL = {"factors": 4, "epochs": 20}


@pytest.fixture(autouse=True)
def store(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The storage of models; it and the cache are empty, and this process has loaded nothing."""
    monkeypatch.setattr(loading, "_loaded", None)
    settings.MODEL_CACHE = tmp_path / "cache"
    files = "django.core.files.storage.FileSystemStorage"
    models = {"BACKEND": files, "OPTIONS": {"location": tmp_path / "models"}}
    settings.STORAGES = {**settings.STORAGES, "models": models}
    return tmp_path / "models"


def stored(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def cached(settings: LazySettings, model: TrainedModel) -> Path:
    folder: Path = settings.MODEL_CACHE / model.checksum
    return folder
