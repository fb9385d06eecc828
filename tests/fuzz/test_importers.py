"""Files that people bring, and data sets that operators give: good ones in hostile hands."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from hypothesis import example, given, note
from hypothesis import strategies as st

from recommendations.importers.exports.reading import Contents, ExportFile
from recommendations.models import Mark, Rating, RatingsImport, Viewer
from recommendations.pipeline import imports
from recommendations.tasks import import_ratings
from tests.fuzz.cases import ANYTHING, HOSTILE, cases
from tests.fuzz.files import mutated, tables, zip_of
from tests.fuzz.state import fingerprint, undone
from tests.importers.datasets import as_bytes, csv_files, dat_files, ml_100k_files
from tests.importers.exports import files as exports

Status = RatingsImport.Status

NAMES = ["ratings.csv", "watched.csv", "watchlist.csv", "diary.csv", "films.csv", "export.zip"]

#: Of each format: its header, and rows as they should be.
FORMATS = {
    exports.LETTERBOXD: [
        ["2024-03-01", "Toy Story", "1995", "https://boxd.it/x", "4.5"],
        ["2024-03-02", "Emma", "1996", "https://boxd.it/y", ""],
    ],
    exports.WATCHED: [["2024-03-01", "The Fly", "1987", "https://boxd.it/x"]],
    exports.DIARY: [
        ["2024-03-01", "Emma", "1996", "https://boxd.it/x", "3", "Yes", "a, b", "2024-02-29"]
    ],
    exports.IMDB: [
        exports.imdb("tt0114709", "9", "Toy Story", "1995").replace('"', "").split(",")[:14]
    ],
    exports.IMDB_WATCHLIST: [
        ["1", "tt0111161", "2024-03-01", "", "", "The Shawshank Redemption", "movie", "1994"],
    ],
    exports.MOVIELENS: [["1", "114709", "862", "4.0", "3.9", "Toy Story (1995)"]],
}


@st.composite
def csvs(draw: st.DrawFn) -> bytes:
    header = draw(st.sampled_from(list(FORMATS)))
    table = draw(tables(header, FORMATS[header]))
    return draw(st.one_of(st.just(table), st.just(table), mutated(table)))


@st.composite
def brought(draw: st.DrawFn) -> ExportFile:
    """One csv, or some in a zip, which is damaged now and then."""
    content = draw(csvs())
    if draw(st.booleans()):
        names = st.one_of(st.sampled_from(NAMES), ANYTHING.map(lambda name: f"{name}.csv"))
        files = {draw(names): content for content in draw(st.lists(csvs(), max_size=3))}
        content = zip_of(
            {name.encode("utf-8", "replace").decode(): c for name, c in files.items()}
        )
        content = draw(st.one_of(st.just(content), mutated(content)))
    name = draw(st.one_of(st.sampled_from(NAMES), HOSTILE))
    return ExportFile(name, content, draw(st.sampled_from(list(Contents))))


@pytest.fixture
def ada(db: None) -> Viewer:
    exports.make_films()
    return Viewer.for_user(User.objects.create_user("ada"))


def said() -> list[list[tuple[Any, ...]]]:
    """What is known of anybody's taste."""
    kinds = (Rating, Mark)
    return [list(kind.objects.order_by("pk").values_list()) for kind in kinds]


def kept() -> list[set[tuple[Any, ...]]]:
    """The same without when it was said, which a file need not tell."""
    return [
        set(Rating.objects.values_list("viewer", "movie", "stars")),
        set(Mark.objects.values_list("viewer", "movie", "kind")),
    ]


def run(row: RatingsImport) -> None:
    """As a worker does: whatever is in the file, there is an answer and no error of ours."""
    before = said()
    import_ratings(row.pk)
    row.refresh_from_db()
    assert row.status in {Status.SUCCEEDED, Status.FAILED}
    assert row.error == ""
    assert bytes(row.content) == b""
    if row.status == Status.FAILED:
        assert row.message
        assert said() == before


def bring(viewer: Viewer, export: ExportFile) -> RatingsImport:
    row = imports.ask(viewer, export)
    assert row
    run(row)
    return row


#: A zip that tells of a file before its own beginning.
BEFORE_ITS_BEGINNING = zip_of({"ratings.csv": exports.letterboxd("Emma,1996,4").encode()})[8:]


@given(export=brought(), name=st.sampled_from(NAMES))
@example(export=ExportFile("", b"PK" + BEFORE_ITS_BEGINNING), name="export.zip")
@cases(60)
def test_a_file_is_read_whole_or_refused(ada: Viewer, export: ExportFile, name: str) -> None:
    with undone():
        export = export._replace(name=name)
        if bring(ada, export).status == Status.SUCCEEDED:
            first = kept()
            assert bring(ada, export).status == Status.SUCCEEDED
            assert kept() == first


@given(export=brought())
@cases(20)
def test_a_file_is_taken_or_refused_by_the_page(ada: Viewer, export: ExportFile) -> None:
    client = Client()
    assert ada.user
    client.force_login(ada.user)
    with undone():
        name = export.name.encode("utf-8", "replace").decode()
        file = SimpleUploadedFile("x", export.content)
        file._name = name  # type: ignore[attr-defined] # a browser may say anything
        before = fingerprint("auth.User")
        answer = client.post(
            "/import/", {"file": file, "contents": export.contents, "viewer": ada.pk}
        )
        assert answer.status_code < 500
        row = RatingsImport.objects.first()
        if row is None:
            assert fingerprint("auth.User") == before
        else:
            run(row)
            assert client.get("/import/").status_code == 200
            assert client.get(f"/imports/{row.pk}/").status_code == 200


# Data sets

LAYOUTS = {
    "ml-latest-small": csv_files(),
    "ml-100k": ml_100k_files(),
    "ml-1m": dat_files(encoding="latin-1", tags=False),
    "ml-10m": dat_files(encoding="utf-8", tags=True),
}


@st.composite
def datasets(draw: st.DrawFn) -> dict[str, bytes]:
    """One file of it is changed, and another may be missing or have another name."""
    files = {k: as_bytes(v) for k, v in LAYOUTS[draw(st.sampled_from(list(LAYOUTS)))].items()}
    name = draw(st.sampled_from(list(files)))
    files[name] = draw(mutated(files[name]))
    if draw(st.integers(0, 4)) == 0:
        files.pop(draw(st.sampled_from(list(files))))
    return files


@contextmanager
def on_disk(files: dict[str, bytes], packed: bytes | None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "data set")
        if packed is None:
            path.mkdir()
            for name, content in files.items():
                (path / name).write_bytes(content)
        else:
            path = path.with_suffix(".zip")
            path.write_bytes(packed)
        yield path


@given(files=datasets(), data=st.data())
@cases(25)
def test_a_data_set_is_imported_whole_or_refused(
    db: None, files: dict[str, bytes], data: st.DataObject
) -> None:
    packed = zip_of(files)
    packed_or_not = data.draw(st.one_of(st.none(), st.just(packed), mutated(packed)))
    with on_disk(files, packed_or_not) as path, undone():
        before = fingerprint()
        try:
            call_command("import_movielens", str(path))
        except CommandError as error:
            note(str(error))
            assert "\n" not in str(error)
            assert fingerprint() == before
