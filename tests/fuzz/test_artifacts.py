"""Stored models in hostile hands: what is not what was written is refused, and says so.

Whoever can write both to the storage and to the database is trusted: checksums are compared with
the database's. Even so, nothing that they store is unpickled.
"""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings
from hypothesis import example, given
from hypothesis import strategies as st

from recommendations.engine import artifacts
from recommendations.engine.artifacts import MANIFEST, ArtifactError
from recommendations.models import TrainedModel
from recommendations.training import caching, loading
from recommendations.training.storing import inspect
from tests.fuzz.cases import HOSTILE, cases
from tests.fuzz.files import mutated, zip_of
from tests.pipeline.test_payloads import Trap

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), HOSTILE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3),
    max_leaves=6,
)

FIELDS = ["algorithm", "parameters", "data", "metrics", "notes", "arrays", "format", "else"]
LEADING_OUT = ["../base", "/etc/passwd", "..", ".", "base/../../x", "base\x00", "é", "a" * 300]

Change = Callable[[Path], None]


def pickled() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([Trap()]), allow_pickle=True)
    return stream.getvalue()


def archived() -> bytes:
    return zip_of({"base.npy": pickled()})


@st.composite
def changed_file(draw: st.DrawFn) -> Change:
    """Cut, flipped, of another kind, gone, or what is in another."""
    place = draw(st.integers(0, 20))
    how = draw(
        st.sampled_from(["mutate", "mutate", "cut", "pickle", "zip", "gone", "swap", "array"])
    )
    seed = draw(st.integers(0, 2**32 - 1))
    cut = draw(st.floats(0, 1))
    other = draw(st.sampled_from(["<f8", "<i8", "|S9", "<M8[s]", "|b1", "<c16", "<U3"]))
    head = draw(mutated(b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, "))

    def change(folder: Path) -> None:
        files = sorted(folder.iterdir())
        path = files[place % len(files)]
        content = path.read_bytes()
        match how:
            case "mutate":
                path.write_bytes(head + content[len(head) :])
            case "cut":
                path.write_bytes(content[: int(cut * len(content))])
            case "pickle":
                path.write_bytes(pickled())
            case "zip":
                path.write_bytes(archived())
            case "gone":
                path.unlink()
            case "swap":
                path.write_bytes(files[(place + 1) % len(files)].read_bytes())
            case _:
                random = np.random.default_rng(seed)
                with path.open("wb") as file:
                    np.save(file, random.integers(0, 9, 12).astype(other), allow_pickle=False)

    return change


@st.composite
def flipped_bit(draw: st.DrawFn) -> Change:
    place, where, bit = draw(st.integers(0, 20)), draw(st.floats(0, 1)), draw(st.integers(0, 7))

    def change(folder: Path) -> None:
        path = sorted(folder.iterdir())[place % len(list(folder.iterdir()))]
        content = bytearray(path.read_bytes())
        if content:
            content[min(int(where * len(content)), len(content) - 1)] ^= 1 << bit
        path.write_bytes(content)

    return change


@st.composite
def changed_manifest(draw: st.DrawFn) -> Change:
    """Another value of a field, of the fields of an array, or another name for an array."""
    name, value = draw(st.sampled_from(FIELDS)), draw(JSON)
    inner = draw(st.sampled_from(["", "shape", "dtype", "sha256", "else", "name"]))
    called = draw(st.one_of(st.sampled_from(LEADING_OUT), HOSTILE))

    def change(folder: Path) -> None:
        path = folder / MANIFEST
        fields: dict[str, Any] = json.loads(path.read_text())
        arrays = fields["arrays"]
        first = min(arrays)
        if not inner:
            fields[name] = value
        elif inner == "name":
            arrays[called] = arrays.pop(first)
        else:
            arrays[first][inner] = value
        path.write_text(json.dumps(fields))

    return change


CHANGES = st.one_of(changed_file(), flipped_bit(), changed_manifest())


def deep(folder: Path) -> None:
    (folder / MANIFEST).write_text("[" * 200_000)


def of_another_type(folder: Path) -> None:
    path = folder / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | {"parameters": [1]}))


def as_archive(folder: Path) -> None:
    (folder / "base.npy").write_bytes(archived())


@pytest.fixture
def store(settings: LazySettings, tmp_path: Path) -> Path:
    """Where models are stored, and an empty cache beside."""
    settings.MODEL_CACHE = tmp_path / "cache"
    files = "django.core.files.storage.FileSystemStorage"
    models = {"BACKEND": files, "OPTIONS": {"location": tmp_path / "models"}}
    settings.STORAGES = {**settings.STORAGES, "models": models}
    return tmp_path / "models"


@pytest.fixture
def model(store: Path, active_model: TrainedModel) -> TrainedModel:
    return active_model


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def copied(source: Path, target: Path) -> Path:
    """A copy that can be changed, in files of its own: others may be mapped."""
    draft = target.with_name("draft")
    shutil.copytree(source, draft)
    caching.discard(target)
    draft.chmod(0o755)
    for path in draft.iterdir():
        path.chmod(0o644)
    return draft.rename(target)


def loads(record: TrainedModel) -> bool:
    """Whether it is loaded; whatever else is raised than what says why is raised here, too."""
    Trap.sprung = False
    try:
        model = loading.load(record)
        model.score(model.history([1, 2, 41], [5.0, 4.0, 1.0]))
    except ArtifactError as error:
        assert str(record) in str(error)
        return False
    finally:
        assert not Trap.sprung
    return True


@given(change=CHANGES)
@example(change=deep)
@example(change=as_archive)
@cases(40)
def test_what_was_changed_in_the_storage_is_never_served(
    model: TrainedModel, store: Path, tmp_path: Path, settings: LazySettings, change: Change
) -> None:
    good = copied(store / model.checksum, tmp_path / "good")
    try:
        change(store / model.checksum)
        same = contents(store / model.checksum) == contents(good)
        caching.discard(settings.MODEL_CACHE)
        assert loads(model) == same
        assert bool(inspect(model.checksum).problem) != same
        assert [path.name for path in settings.MODEL_CACHE.iterdir()] == [model.checksum] * same
    finally:
        copied(good, store / model.checksum)


@given(change=CHANGES)
@example(change=deep)
@example(change=as_archive)
@cases(40)
def test_a_copy_that_rots_is_taken_anew_or_served(
    model: TrainedModel, settings: LazySettings, change: Change
) -> None:
    """Its bytes are not read again, but what they are is: it never breaks a worker."""
    folder = caching.cached(model.checksum)
    change(copied(folder, folder))
    try:
        assert loads(model)
    finally:
        caching.discard(folder)


@given(change=CHANGES)
@example(change=deep)
@example(change=as_archive)
@example(change=of_another_type)
@cases(40)
def test_what_is_sealed_anew_is_read_or_refused(
    model: TrainedModel, tmp_path: Path, change: Change, store: Path
) -> None:
    """Who can write the database, too, chooses numbers, and not what is run."""
    folder = copied(store / model.checksum, tmp_path / "changed")
    change(folder)
    Trap.sprung = False
    try:
        artifacts.read_arrays(folder, artifacts.read_manifest(folder))
        type(loading.load(model)).load(folder)
    except ArtifactError:
        pass
    assert not Trap.sprung
    assert not (tmp_path / "base.npy").exists()
