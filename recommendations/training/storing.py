"""Artifacts in the storage `models`, each under its checksum.

A storage need have neither folders nor the power to overwrite: names have a slash, and what is
there is deleted before it is written anew.
"""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.core.files import File
from django.core.files.storage import storages

from recommendations.engine import artifacts
from recommendations.engine.artifacts import ArtifactError
from recommendations.models import TrainedModel

if TYPE_CHECKING:
    from django.core.files.storage import Storage


@dataclass(frozen=True)
class Inspection:
    """The bytes of an artifact in the storage, and what is wrong with it, if anything is."""

    size: int
    problem: str = ""


def store(folder: Path, checksum: str) -> None:
    """Store the artifact in `folder`, the manifest last: once it is there, all is.

    The same data and parameters give the same artifact: what is there and whole stays, as it
    may be an active model's. What is there and damaged is mended.
    """
    for name in artifacts.read_manifest(folder).files:
        _store_file(folder / name, f"{checksum}/{name}")


def _store_file(path: Path, name: str) -> None:
    storage, sha256 = storages["models"], artifacts.sha256(path)
    if _stored_sha256(storage, name) == sha256:
        return
    storage.delete(name)
    with path.open("rb") as file:
        stored = storage.save(name, File(file))
    if stored != name:
        # Another training stored the same meanwhile.
        storage.delete(stored)
        if _stored_sha256(storage, name) != sha256:
            raise OSError(f"{name} cannot be stored under its own name.")


def _stored_sha256(storage: "Storage", name: str) -> str:
    """Empty if there is no such file."""
    if not storage.exists(name):
        return ""
    with storage.open(name) as file:
        digest = hashlib.sha256()
        for chunk in file.chunks():
            digest.update(chunk)
    return digest.hexdigest()


def is_stored(checksum: str) -> bool:
    """Whether the manifest, and so once all of the artifact, is in the storage."""
    return bool(checksum) and storages["models"].exists(f"{checksum}/{artifacts.MANIFEST}")


def inspect(checksum: str) -> Inspection:
    """Read every byte of an artifact in the storage."""
    storage, names = storages["models"], _files(checksum)
    size = sum(storage.size(name) for name in names)
    try:
        _check(storage, checksum)
    except (ArtifactError, FileNotFoundError) as error:
        return Inspection(size, str(error))
    return Inspection(size)


def _check(storage: "Storage", checksum: str) -> None:
    if not is_stored(checksum):
        raise ArtifactError(f"its {artifacts.MANIFEST} is missing")
    with storage.open(f"{checksum}/{artifacts.MANIFEST}") as file:
        content = file.read()
    if artifacts.checksum(content) != checksum:
        raise ArtifactError(f"its {artifacts.MANIFEST} is damaged: its checksum is another")
    for name, array in artifacts.Manifest.from_bytes(content).arrays.items():
        found = _stored_sha256(storage, f"{checksum}/{artifacts.file_of(name)}")
        if found != array.sha256:
            what = "damaged: its checksum is another" if found else "missing"
            raise ArtifactError(f"{artifacts.file_of(name)} is {what}")


def delete_unless_named(checksum: str) -> bool:
    """Delete an artifact, unless some model's row names it; returns whether it did."""
    if not checksum or TrainedModel.objects.filter(checksum=checksum).exists():
        return False
    storage = storages["models"]
    for name in _files(checksum):
        storage.delete(name)
    # Only file systems have folders; one that is not empty is another training's too.
    with suppress(OSError):
        storage.delete(checksum)
    return True


def delete_unnamed() -> int:
    """Delete each artifact that no model's row names; returns how many there were.

    The storage is listed before the rows are read: a training names its artifact in its row
    before it stores the first file.
    """
    return sum(map(delete_unless_named, _checksums()))


def _checksums() -> Iterable[str]:
    try:
        folders, _ = storages["models"].listdir("")
    except FileNotFoundError:
        return []
    return [name for name in folders if len(name) == hashlib.sha256().digest_size * 2]


def _files(checksum: str) -> list[str]:
    try:
        _, names = storages["models"].listdir(checksum)
    except FileNotFoundError:
        return []
    return [f"{checksum}/{name}" for name in names]
