import hashlib
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from pytest_django import Settings

from recommendations.importers import download
from recommendations.importers.movielens import import_movielens
from recommendations.importers.report import ImportFailed, Step
from recommendations.models import Catalogue
from tests.importers.datasets import csv_files, folder, ml_100k_files, zipped

pytestmark = [pytest.mark.django_db, pytest.mark.once]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that a server publishes as GroupLens would, with ml-latest-small in it."""
    path = folder(tmp_path / "published", {})
    archive = zipped(path / "ml-latest-small.zip", csv_files(), inner="ml-latest-small")
    md5 = hashlib.md5(archive.read_bytes(), usedforsecurity=False).hexdigest()
    (path / "ml-latest-small.zip.md5").write_text(f"MD5 (ml-latest-small.zip) = {md5}\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=path)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(download, "BASE_URL", f"http://127.0.0.1:{server.server_port}")
        yield path
        server.shutdown()


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, settings: Settings) -> Path:
    path = folder(tmp_path / "var", {})
    settings.DATA_DIR = path
    return path


def failure_of(name: str) -> str:
    with pytest.raises(ImportFailed) as failure:
        import_movielens(name)
    return str(failure.value)


def test_a_name_is_downloaded_checked_and_imported(published: Path, data_dir: Path) -> None:
    report = import_movielens("ml-latest-small")

    assert (report.name, report.movies, report.ratings) == ("ml-latest-small", 120, 200)
    assert [file.name for file in data_dir.iterdir()] == ["ml-latest-small.zip"]


def test_a_second_import_downloads_nothing(published: Path) -> None:
    import_movielens("ml-latest-small")
    (published / "ml-latest-small.zip").unlink()

    assert import_movielens("ml-latest-small").ratings == 200


@pytest.mark.parametrize("content", [b"", b"half of it", b"MD5 = " + b"0" * 32])
def test_a_wrong_checksum_leaves_nothing(published: Path, data_dir: Path, content: bytes) -> None:
    (published / "ml-latest-small.zip.md5").write_bytes(content)

    assert "Could not download ml-latest-small (" in failure_of("ml-latest-small")
    assert "checksum" in failure_of("ml-latest-small")
    assert not list(data_dir.iterdir())


def test_a_failed_download_says_how_to_provide_the_file_by_hand(
    published: Path, data_dir: Path
) -> None:
    assert failure_of("ml-25m") == (
        "Could not download ml-25m (HTTP Error 404: File not found); "
        f"get {download.BASE_URL}/ml-25m.zip by other means and give its path, "
        f"or put it at {data_dir / 'ml-25m.zip'}."
    )


def test_a_server_that_is_not_there_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    monkeypatch.setattr(download, "BASE_URL", "http://127.0.0.1:1")

    assert "Could not download ml-25m (<urlopen error" in failure_of("ml-25m")
    assert not list(data_dir.iterdir())


class TestAuto:
    @pytest.fixture(autouse=True)
    def nothing_near(
        self, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.BASE_DIR = folder(tmp_path / "houses" / "site", {})
        monkeypatch.chdir(folder(tmp_path / "desk" / "here", {}))
        monkeypatch.setattr(download, "BASE_URL", "http://127.0.0.1:1")

    def test_without_data_and_network_there_is_the_sample(self) -> None:
        report = import_movielens("auto")

        assert Catalogue.objects.get().name == "sample"
        assert str(report).startswith("Could not download ml-latest-small (")
        assert "Until then there is the built-in sample." in str(report)

    def test_the_sample_never_takes_the_place_of_real_ratings(self, tmp_path: Path) -> None:
        import_movielens(folder(tmp_path / "ml-100k", ml_100k_files()))

        with pytest.raises(ImportFailed, match="Could not download"):
            import_movielens("auto", replace=True)

        assert Catalogue.objects.get().name == "ml-100k"

    def test_a_name_is_not_answered_with_the_sample(self) -> None:
        assert "Could not download ml-latest-small" in failure_of("ml-latest-small")


def test_an_interrupted_download_leaves_nothing(published: Path, data_dir: Path) -> None:
    def interrupt(step: Step, done: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_movielens("ml-latest-small", progress=interrupt)

    assert not list(data_dir.iterdir())


def test_another_data_set_is_refused_before_it_is_downloaded(
    published: Path, tmp_path: Path, data_dir: Path
) -> None:
    import_movielens(folder(tmp_path / "ml-100k", ml_100k_files()))

    assert "This database holds ml-100k" in failure_of("ml-latest-small")
    assert Catalogue.objects.get().name == "ml-100k"
    assert not list(data_dir.iterdir())
