"""What comes from outside may be large, broken or malicious; it is refused in one line."""

import struct
import zipfile
from pathlib import Path

import pytest

from recommendations.importers.exports import reading
from recommendations.importers.exports.importing import import_ratings
from recommendations.importers.exports.reading import ExportFile
from recommendations.importers.report import ImportFailed
from recommendations.models import Rating, Viewer
from tests.importers.datasets import zipped
from tests.importers.exports.files import LETTERBOXD, brought, letterboxd, stars_of

GOOD = letterboxd("Toy Story,1995,5")


def refused(path: Path, viewer: Viewer) -> str:
    with pytest.raises(ImportFailed) as failure:
        import_ratings(ExportFile.on_disk(path), viewer)
    assert not Rating.objects.exists()
    return str(failure.value)


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_a_csv_over_20_megabytes_is_refused(tmp_path: Path, ada: Viewer) -> None:
    large = written(tmp_path / "x.csv", GOOD.encode() + b"\n" * reading.LARGEST)

    assert "is larger than 20 MB" in refused(large, ada)


def test_a_zip_that_unpacks_to_more_is_refused(tmp_path: Path, ada: Viewer) -> None:
    half = b"\n" * (reading.LARGEST // 2 + 1)
    bomb = zipped(tmp_path / "x.zip", {"ratings.csv": half, "diary.csv": half})

    assert bomb.stat().st_size < 100_000
    assert "is larger than 20 MB" in refused(bomb, ada)


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path: Path, ada: Viewer) -> None:
    content = GOOD.encode() + b"\n" * reading.LARGEST * 2
    honest = zipped(tmp_path / "x.zip", {"ratings.csv": content}).read_bytes()
    size, told = struct.pack("<I", len(content)), struct.pack("<I", len(GOOD))
    liar = written(tmp_path / "liar.zip", honest.replace(size, told))

    assert "is not a whole zip (Bad CRC-32" in refused(liar, ada)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packing_that_unpacks_without_a_bound_is_refused(
    tmp_path: Path, ada: Viewer, method: int
) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", method) as archive:
        archive.writestr("ratings.csv", GOOD)

    assert "is packed in an uncommon way" in refused(tmp_path / "x.zip", ada)


@pytest.mark.parametrize("name", ["../ratings.csv", "/ratings.csv", "a\\..\\..\\ratings.csv"])
def test_a_path_out_of_the_zip_is_refused(tmp_path: Path, ada: Viewer, name: str) -> None:
    assert "names a file outside of itself" in refused(
        zipped(tmp_path / "x.zip", {"ratings.csv": GOOD, name: GOOD}), ada
    )


def test_a_zip_with_all_its_files_in_folders_is_refused(tmp_path: Path, ada: Viewer) -> None:
    nested = zipped(tmp_path / "x.zip", {"ratings.csv": GOOD}, inner="deleted")

    assert "has no csv outside of its folders: give the zip" in refused(nested, ada)


def test_a_broken_zip_is_refused(tmp_path: Path, ada: Viewer) -> None:
    whole = zipped(tmp_path / "x.zip", {"ratings.csv": GOOD}).read_bytes()

    assert "is not a whole zip" in refused(written(tmp_path / "x.zip", whole[:-30]), ada)


def test_what_is_no_file_is_refused(tmp_path: Path, ada: Viewer) -> None:
    assert "cannot be read: Is a directory" in refused(tmp_path, ada)
    assert "cannot be read: No such file" in refused(tmp_path / "nowhere.csv", ada)


def test_nul_bytes_are_refused(tmp_path: Path, ada: Viewer) -> None:
    assert "x.csv holds NUL bytes" in refused(
        written(tmp_path / "x.csv", GOOD.encode() + b"\0"), ada
    )
    assert "x.csv holds NUL bytes" in refused(
        written(tmp_path / "x.csv", GOOD.encode("utf-16")), ada
    )


def test_endless_lines_are_refused(tmp_path: Path, ada: Viewer) -> None:
    endless = GOOD + "x" * 70_000

    assert "x.csv:3: longer than 65,536 characters" in refused(
        written(tmp_path / "x.csv", endless.encode()), ada
    )


def test_more_than_100_000_rows_are_refused(tmp_path: Path, ada: Viewer) -> None:
    rows = "2024-03-01,Toy Story,1995,x,5\n" * (reading.MOST_ROWS + 1)

    assert "has more than 100,000 rows" in refused(
        written(tmp_path / "x.csv", f"{LETTERBOXD}\n{rows}".encode()), ada
    )


def test_a_quote_that_never_ends_does_not_swallow_memory(tmp_path: Path, ada: Viewer) -> None:
    open_quote = GOOD + '2024-03-01,"' + "Toy Story\n" * 20_000

    report = brought(tmp_path / "x.csv", open_quote, ada)

    assert stars_of(ada) == {1: 5.0}
    assert report.invalid.shown[0].startswith("x.csv:3: field larger than field limit")
