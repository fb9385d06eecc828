import shutil
import zipfile
from pathlib import Path

import pytest
from pytest_django import Settings

from recommendations.importers.movielens import import_movielens
from recommendations.importers.report import ImportFailed
from recommendations.importers.sources import find_dataset, open_dataset
from recommendations.models import Movie
from tests.importers.datasets import csv_files, dat_files, folder, ml_100k_files, zipped

pytestmark = pytest.mark.django_db


def refused(source: Path | str) -> str:
    with pytest.raises(ImportFailed) as failure:
        import_movielens(source)
    assert not Movie.objects.exists()
    return str(failure.value)


@pytest.mark.parametrize("as_zip", [False, True])
@pytest.mark.parametrize("file", ["movies.csv", "ratings.csv", "links.csv", "tags.csv"])
def test_a_missing_file_is_named(tmp_path: Path, file: str, as_zip: bool) -> None:
    files = csv_files()
    del files[file]
    source = zipped(tmp_path / "ml.zip", files) if as_zip else folder(tmp_path / "ml", files)

    assert refused(source).startswith(f"{source} lacks {file}: give a folder or a zip")


def test_a_missing_file_of_the_other_layouts_is_named(tmp_path: Path) -> None:
    ml_100k, ml_10m = ml_100k_files(), dat_files(encoding="utf-8", tags=True)
    del ml_100k["u.data"], ml_10m["tags.dat"]

    assert "lacks u.data" in refused(folder(tmp_path / "ml-100k", ml_100k))
    assert "lacks tags.dat" in refused(folder(tmp_path / "ml-10m", ml_10m))


def test_a_data_set_is_found_one_folder_down(tmp_path: Path) -> None:
    folder(tmp_path / "unpacked" / "ml-25m", csv_files())

    assert import_movielens(tmp_path / "unpacked").name == "ml-25m"


def test_of_several_data_sets_one_must_be_given(tmp_path: Path) -> None:
    folder(tmp_path / "ml-25m", csv_files())
    folder(tmp_path / "ml-100k", ml_100k_files())

    assert "holds several data sets" in refused(tmp_path)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    assert "holds no data set of MovieLens: give a folder" in refused(
        folder(tmp_path / "photos", {"cat.jpg": b"meow"})
    )


def test_a_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ml.zip").write_text("<html>Not found</html>")

    assert "ml.zip is not a whole zip (File is not a zip file)" in refused(tmp_path / "ml.zip")


def test_a_truncated_zip_is_refused(tmp_path: Path) -> None:
    source = zipped(tmp_path / "ml.zip", csv_files(), inner="ml")
    source.write_bytes(source.read_bytes()[:-100])

    assert "is not a whole zip" in refused(source)


def test_a_damaged_zip_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    source = tmp_path / "ml.zip"
    with zipfile.ZipFile(source, "w") as archive:
        for name, content in csv_files().items():
            archive.writestr(f"ml/{name}", content)
    source.write_bytes(source.read_bytes().replace(b"1,1,3,1000000001", b"1,1,4,1000000001"))

    assert "is not a whole zip (Bad CRC-32 for file 'ml/ratings.csv')" in refused(source)


@pytest.mark.parametrize("name", ["../ratings.csv", "/etc/passwd", "ml/../../x", "..\\x"])
def test_a_zip_that_names_files_outside_of_itself_is_refused(tmp_path: Path, name: str) -> None:
    source = zipped(tmp_path / "ml.zip", csv_files() | {name: "x"})

    assert "names a file outside of itself" in refused(source)


def test_what_macos_adds_to_a_zip_is_passed_over(tmp_path: Path) -> None:
    source = zipped(
        tmp_path / "a.zip",
        {f"ml-25m/{name}": content for name, content in csv_files().items()}
        | {"__MACOSX/ml-25m/._ratings.csv": b"\0"},
    )

    assert import_movielens(source).name == "ml-25m"


def test_a_file_of_another_shape_is_refused_by_its_header(tmp_path: Path) -> None:
    files = csv_files({"ratings.csv": "user,item,stars\n1,1,4\n"})

    assert refused(folder(tmp_path / "ml", files)) == (
        "ratings.csv:1: the header must be userId,movieId,rating,timestamp."
    )


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("movies.csv", "movies.csv holds no films."),
        ("ratings.csv", "ratings.csv holds no ratings."),
    ],
)
def test_a_data_set_without_films_or_ratings_is_refused(
    tmp_path: Path, file: str, why: str
) -> None:
    header = str(csv_files()[file]).partition("\n")[0]

    for content in (header, ""):
        source = folder(tmp_path / f"ml{len(content)}", csv_files({file: content}))
        assert refused(source) == why


def test_a_path_that_is_not_there_is_refused_with_what_is_accepted() -> None:
    assert refused("nowhere/ml.zip").startswith(
        "There is no nowhere/ml.zip: give a folder or a zip of MovieLens"
    )
    assert "ml-latest-small, ml-latest, ml-32m" in refused("ml-42m")


class TestFindingADataSet:
    @pytest.fixture(autouse=True)
    def nothing_near(
        self, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.DATA_DIR = folder(tmp_path / "var", {})
        settings.BASE_DIR = folder(tmp_path / "houses" / "site", {})
        monkeypatch.chdir(folder(tmp_path / "desk" / "here", {}))

    def test_a_path_is_taken_as_it_is(self, tmp_path: Path) -> None:
        assert find_dataset(str(tmp_path)) == tmp_path

    def test_the_sample_is_always_there(self) -> None:
        assert open_dataset(Path(find_dataset("sample"))).name == "sample"

    def test_a_name_means_a_download(self) -> None:
        assert find_dataset("ml-25m") == "ml-25m"

    def test_a_name_means_the_zip_that_was_downloaded_before(self, tmp_path: Path) -> None:
        stored = zipped(tmp_path / "var" / "ml-25m.zip", csv_files())

        assert find_dataset("ml-25m") == stored

    def test_auto_means_a_download_when_nothing_is_near(self) -> None:
        assert find_dataset("auto") == "ml-latest-small"

    @pytest.mark.parametrize(
        "place",
        ["var", "desk/here/data", "desk/shared/data", "houses/site/data", "houses/shared/data"],
    )
    def test_auto_finds_the_default_data_set_near_the_site(
        self, tmp_path: Path, place: str
    ) -> None:
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        near = zipped(tmp_path / place / "ml-latest-small.zip", csv_files())

        assert find_dataset("auto") == near

    def test_auto_looks_into_the_data_folder_first(self, tmp_path: Path) -> None:
        stored = zipped(tmp_path / "var" / "ml-latest-small.zip", csv_files())
        (tmp_path / "houses" / "site" / "data").mkdir()
        shutil.copy(stored, tmp_path / "houses" / "site" / "data")

        assert find_dataset("auto") == stored
