"""This host's copies of artifacts: read-only, each verified once, when it enters.

Workers map them into memory and share them; a mapped file is never rewritten, and may be
unlinked.
"""

import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.files.storage import storages

from recommendations.engine import artifacts
from recommendations.engine.artifacts import ArtifactError
from recommendations.models import TrainedModel

if TYPE_CHECKING:
    from django.core.files.storage import Storage

#: A copy that has been in the making for so long was left by a process that was killed.
ABANDONED_SECONDS = 24 * 3600


def cached(checksum: str) -> Path:
    """This host's copy of an artifact, taken from the storage and verified if there is none."""
    folder: Path = settings.MODEL_CACHE / checksum
    if folder.is_dir():
        return folder
    settings.MODEL_CACHE.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{checksum[:8]}-", dir=settings.MODEL_CACHE))
    try:
        fetch(checksum, draft)
        draft.rename(folder)
    except OSError:
        # One that another process put there meanwhile is as good.
        if not folder.is_dir():
            raise
    finally:
        discard(draft)
    return folder


def fetch(checksum: str, folder: Path) -> None:
    """Copy an artifact from the storage into `folder`, verify it, and make it read-only."""
    storage = storages["models"]
    try:
        _copy(storage, f"{checksum}/{artifacts.MANIFEST}", folder / artifacts.MANIFEST)
        for name in artifacts.read_manifest(folder).files[:-1]:
            _copy(storage, f"{checksum}/{name}", folder / name)
    except FileNotFoundError as error:
        raise ArtifactError(f"{error.filename or error} is missing in the storage") from error
    artifacts.verify(folder, checksum)
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)


def _copy(storage: "Storage", name: str, path: Path) -> None:
    with storage.open(name) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target)


def discard(folder: Path) -> None:
    with suppress(FileNotFoundError):
        folder.chmod(0o755)
        shutil.rmtree(folder)


def tidy(keep: str = "") -> int:
    """Discard the copies that no model's row names, but `keep`; returns how many there were."""
    copies = [path for path in settings.MODEL_CACHE.glob("*") if path.name != keep]
    named = set(TrainedModel.objects.values_list("checksum", flat=True))
    unneeded = [path for path in copies if _is_abandoned(path) or not _is_named(path, named)]
    for folder in unneeded:
        discard(folder)
    return len(unneeded)


def _is_named(path: Path, named: set[str]) -> bool:
    return path.name.startswith(".") or path.name in named


def _is_abandoned(path: Path) -> bool:
    with suppress(FileNotFoundError):
        age = time.time() - path.stat().st_mtime
        return path.name.startswith(".") and age > ABANDONED_SECONDS
    return False
