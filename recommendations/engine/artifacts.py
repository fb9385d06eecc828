"""Fitted models as files: `manifest.json`, and one `.npy` for each array. Nothing is pickled.

The manifest names the SHA-256 of every array; the SHA-256 of the manifest itself is the
artifact's checksum, and so vouches for all of it.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

FORMAT = 1
MANIFEST = "manifest.json"

#: By older format: what turns the fields of its manifest into those of the next format. The files
#: of a stored artifact never change; whatever cannot be read from them is trained anew.
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}

Arrays = dict[str, NDArray[Any]]


class ArtifactError(Exception):
    """A stored model is missing, damaged or of another format; the message says which."""


class NewerFormat(ArtifactError):
    """A newer version of this program made it; nothing is known to be wrong with it."""


@dataclass(frozen=True)
class StoredArray:
    sha256: str
    dtype: str
    shape: list[int]

    @classmethod
    def of(cls, path: Path, array: NDArray[Any]) -> Self:
        return cls(sha256(path), array.dtype.str, list(array.shape))

    def describes(self, array: NDArray[Any]) -> bool:
        return array.dtype.str == self.dtype and list(array.shape) == self.shape


@dataclass(frozen=True)
class Manifest:
    """What an artifact is.

    algorithm, parameters: what was fitted; data: fingerprint of the ratings it was fitted to;
    metrics: as measured on held-out ratings; notes: what was done otherwise than asked for;
    arrays: by name, without the `.npy`, those of a part as `part.name`.
    """

    algorithm: str
    parameters: dict[str, float]
    data: str
    metrics: dict[str, float]
    notes: list[str] = field(default_factory=list)
    arrays: dict[str, StoredArray] = field(default_factory=dict)
    format: int = FORMAT

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self), indent=2, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Raises ArtifactError when this is no manifest, or one of another format."""
        try:
            fields = _migrated(json.loads(content))
            arrays = {
                _array_name(name): StoredArray(**array)
                for name, array in fields.pop("arrays").items()
            }
            return cls(arrays=arrays, **fields)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ArtifactError(f"its {MANIFEST} cannot be read: {error}") from error

    @property
    def files(self) -> list[str]:
        """Every file of the artifact, the manifest last: once it is there, all are."""
        return [*map(file_of, self.arrays), MANIFEST]

    def check_file(self, folder: Path, name: str) -> None:
        """Raises ArtifactError unless the array is there, byte by byte what was written."""
        path = folder / file_of(name)
        if not path.is_file():
            raise ArtifactError(f"{path.name} is missing")
        if sha256(path) != self.arrays[name].sha256:
            raise ArtifactError(f"{path.name} is damaged: its checksum is another")


def _migrated(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a manifest of any format, as the present one has them."""
    found = fields["format"]
    if not isinstance(found, int):
        raise ArtifactError(f"its format is {found!r}, which no version has")
    if found > FORMAT:
        raise NewerFormat(f"its format is {found}, and this version reads up to {FORMAT}")
    for older in range(found, FORMAT):
        if older not in MIGRATIONS:
            raise ArtifactError(f"its format is {found}, too old for this version, of {FORMAT}")
        fields = MIGRATIONS[older](fields) | {"format": older + 1}
    return fields


def file_of(name: str) -> str:
    return f"{name}.npy"


def _array_name(name: str) -> str:
    # A name becomes a path: nothing in a manifest may point out of its folder.
    if not re.fullmatch(r"[a-z_]+(\.[a-z_]+)*", name):
        raise ArtifactError(f"{name!r} is no name of an array")
    return name


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksum(manifest: bytes) -> str:
    return hashlib.sha256(manifest).hexdigest()


def write(folder: Path, manifest: Manifest, arrays: Mapping[str, NDArray[Any]]) -> str:
    """Write an artifact into `folder`, which must exist, and return its checksum.

    The manifest is completed with the arrays as they are stored.
    """
    stored = {}
    for name, array in arrays.items():
        path = folder / file_of(name)
        _save(path, array)
        stored[_array_name(name)] = StoredArray.of(path, array)
    content = replace(manifest, arrays=stored).to_bytes()
    (folder / MANIFEST).write_bytes(content)
    return checksum(content)


def _save(path: Path, array: NDArray[Any]) -> None:
    """NumPy says of a full disk only how much of the array it has written."""
    try:
        np.save(path, np.ascontiguousarray(array), allow_pickle=False)
    except OSError as error:
        free = shutil.disk_usage(path.parent).free // 2**20
        raise OSError(
            f"{path.name} cannot be written ({error}); {free} MB are free in {path.parent}"
        ) from error


def read_manifest(folder: Path) -> Manifest:
    """Raises ArtifactError when there is none, or none that this version reads."""
    try:
        return Manifest.from_bytes((folder / MANIFEST).read_bytes())
    except FileNotFoundError as error:
        raise ArtifactError(f"its {MANIFEST} is missing") from error


def verify(folder: Path, expected: str) -> Manifest:
    """Read every byte of the artifact in `folder`: its checksum must be the expected one.

    Raises ArtifactError, saying which file is missing or damaged.
    """
    manifest = verify_manifest(folder, expected)
    for name in manifest.arrays:
        manifest.check_file(folder, name)
    return manifest


def verify_manifest(folder: Path, expected: str) -> Manifest:
    """Raises ArtifactError unless the checksum of the manifest in `folder` is the expected one."""
    manifest = read_manifest(folder)
    if checksum((folder / MANIFEST).read_bytes()) != expected:
        raise ArtifactError(f"its {MANIFEST} is damaged: its checksum is another")
    return manifest


def read_arrays(folder: Path, manifest: Manifest) -> Arrays:
    """Map the arrays into memory, read-only. Checks their types and shapes, not their bytes.

    Raises ArtifactError.
    """
    return {
        name: _mapped(folder / file_of(name), stored) for name, stored in manifest.arrays.items()
    }


def _mapped(path: Path, stored: StoredArray) -> NDArray[Any]:
    try:
        # np.load would open a zip, too, or look for a pickle to refuse.
        array: NDArray[Any] = np.lib.format.open_memmap(path, mode="r")
    except FileNotFoundError as error:
        raise ArtifactError(f"{path.name} is missing") from error
    except Exception as error:
        # Of a header that is none NumPy raises whatever its parsers do, SyntaxError among others.
        raise ArtifactError(f"{path.name} is damaged: {error}") from error
    if not stored.describes(array):
        raise ArtifactError(f"{path.name} is damaged: {array.dtype.str} of {array.shape}")
    return array
