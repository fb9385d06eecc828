import json
from pathlib import Path

import numpy as np
import pytest

from recommendations.engine import artifacts
from recommendations.engine.artifacts import ArtifactError, Manifest, NewerFormat

ARRAYS = {"base": np.arange(50, dtype=np.float32), "none": np.empty(0, np.int32)}


class Stored:
    """An artifact in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        manifest = Manifest("svd", {"factors": 4}, "abc", {"rmse": 0.9})
        self.checksum = artifacts.write(folder, manifest, ARRAYS)

    def verify(self) -> Manifest:
        return artifacts.verify(self.folder, self.checksum)

    def read(self) -> artifacts.Arrays:
        return artifacts.read_arrays(self.folder, artifacts.read_manifest(self.folder))

    def change_manifest(self, **changes: object) -> None:
        path = self.folder / "manifest.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    return Stored(tmp_path)


def test_what_was_written_is_read(stored: Stored) -> None:
    read = stored.read()
    assert read.keys() == ARRAYS.keys()
    assert all(np.array_equal(read[name], ARRAYS[name]) for name in ARRAYS)


def test_the_manifest_tells_what_it_is(stored: Stored) -> None:
    manifest = stored.verify()
    assert manifest.algorithm == "svd"
    assert manifest.parameters == {"factors": 4}
    assert manifest.data == "abc"
    assert manifest.metrics == {"rmse": 0.9}
    assert manifest.arrays["base"].dtype == "<f4"
    assert manifest.arrays["base"].shape == [50]
    assert manifest.files == ["base.npy", "none.npy", "manifest.json"]


def test_one_flipped_bit_is_noticed(stored: Stored) -> None:
    path = stored.folder / "base.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match=r"base\.npy is damaged"):
        stored.verify()


def test_a_changed_manifest_is_noticed(stored: Stored) -> None:
    stored.change_manifest(algorithm="other")
    with pytest.raises(ArtifactError, match=r"manifest\.json is damaged"):
        stored.verify()


@pytest.mark.parametrize("kept", [0, 10, 150])
def test_a_truncated_array_is_noticed_when_it_is_mapped(stored: Stored, kept: int) -> None:
    path = stored.folder / "base.npy"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ArtifactError, match=r"base\.npy is damaged"):
        stored.read()


@pytest.mark.parametrize("name", ["base.npy", "manifest.json"])
def test_a_missing_file_is_named(stored: Stored, name: str) -> None:
    (stored.folder / name).unlink()
    with pytest.raises(ArtifactError, match=f"{name} is missing"):
        stored.verify()
    with pytest.raises(ArtifactError, match=f"{name} is missing"):
        stored.read()


def test_a_newer_format_is_refused(stored: Stored) -> None:
    stored.change_manifest(format=2)
    with pytest.raises(NewerFormat, match="its format is 2, and this version reads up to 1"):
        artifacts.read_manifest(stored.folder)


@pytest.mark.parametrize("found", [0, -3, "first", None])
def test_a_format_that_nothing_migrates_is_refused(stored: Stored, found: object) -> None:
    stored.change_manifest(format=found)
    with pytest.raises(ArtifactError, match=f"its format is {found!r}"):
        artifacts.read_manifest(stored.folder)


def test_an_older_format_is_migrated_step_by_step(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifacts, "FORMAT", 3)
    monkeypatch.setitem(artifacts.MIGRATIONS, 1, lambda fields: fields | {"data": "new"})
    monkeypatch.setitem(
        artifacts.MIGRATIONS, 2, lambda fields: fields | {"data": fields["data"] + "er"}
    )
    manifest = stored.verify()
    assert (manifest.format, manifest.data) == (3, "newer")
    assert stored.read().keys() == ARRAYS.keys()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"format": 1, "arrays": 3}'])
def test_what_is_no_manifest_is_refused(stored: Stored, content: bytes) -> None:
    (stored.folder / "manifest.json").write_bytes(content)
    with pytest.raises(ArtifactError, match="cannot be read"):
        artifacts.read_manifest(stored.folder)


def test_an_array_that_is_not_the_promised_one_is_refused(stored: Stored) -> None:
    np.save(stored.folder / "base.npy", np.arange(50))
    with pytest.raises(ArtifactError, match=r"base\.npy is damaged: <i8 of \(50,\)"):
        stored.read()


def test_a_pickle_inside_an_array_is_never_loaded(stored: Stored) -> None:
    np.save(stored.folder / "base.npy", np.array([Trap()]), allow_pickle=True)
    with pytest.raises(ArtifactError, match="Python objects"):
        stored.read()
    assert not Trap.sprung


class Trap:
    sprung = False

    def __reduce__(self) -> tuple[object, ...]:
        return setattr, (Trap, "sprung", True)


def test_a_pickle_is_never_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pickle"):
        artifacts.write(tmp_path, Manifest("svd", {}, "", {}), {"base": np.array([object()])})


def test_no_name_in_a_manifest_leads_out_of_its_folder(stored: Stored) -> None:
    content = json.loads((stored.folder / "manifest.json").read_text())
    stored.change_manifest(arrays={"../base": content["arrays"]["base"]})
    with pytest.raises(ArtifactError, match="is no name of an array"):
        artifacts.read_manifest(stored.folder)
