"""Where a data set comes from: a folder, a zip, or a name to download."""

import zipfile
import zlib
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import BufferedReader, BytesIO, RawIOBase
from pathlib import Path, PurePosixPath
from typing import IO, cast

from django.conf import settings

from recommendations.importers.download import DATA_SETS, stored_zip
from recommendations.importers.films import FILMS
from recommendations.importers.layouts import Layout, layout_of
from recommendations.importers.report import ImportFailed
from recommendations.importers.sample import SAMPLE, sample_files
from recommendations.importers.simulation import SIMULATED

DEFAULT = "ml-latest-small"
WHAT_TO_DO = (
    "give a folder or a zip of MovieLens as GroupLens publishes it, "
    f"a name to download: {', '.join(DATA_SETS)}; or {SAMPLE}, which is built in"
)

#: The folder inside a zip is not always called what the data set is called.
OTHER_NAMES = {"ml-10M100K": "ml-10m"}
LONGEST_NAME = 100

#: No row is longer. A file without line ends must not be read into memory whole.
LONGEST_LINE = 65_536
BUFFER = 1 << 20

Sizes = dict[str, int]


@dataclass(frozen=True)
class Dataset(ABC):
    """A folder with the files of one data set, on the disk or inside a zip."""

    source: Path
    folder: str
    sizes: Sizes

    @property
    def name(self) -> str:
        name = PurePosixPath(self.folder).name or self.name_of_source
        return OTHER_NAMES.get(name, name)[:LONGEST_NAME]

    @property
    @abstractmethod
    def name_of_source(self) -> str: ...

    @property
    def simulated(self) -> bool:
        """Whether it says of itself that nobody gave these ratings."""
        return SIMULATED in self.sizes

    @property
    def layout(self) -> Layout:
        layout = layout_of(self.name, set(self.sizes))
        assert layout, "a folder without a file of MovieLens is not taken for a data set"
        missing = [file for file in layout.files if file not in self.sizes]
        if missing:
            raise ImportFailed(f"{self.source} lacks {' and '.join(missing)}: {WHAT_TO_DO}.")
        return layout

    @abstractmethod
    def open(self, file: str) -> AbstractContextManager[IO[bytes]]: ...

    def lines(self, file: str) -> Iterator[bytes]:
        """Stream the lines; what is too long for any row is cut."""
        with readable(self.source), self.open(file) as stream:
            while line := stream.readline(LONGEST_LINE):
                yield line
                while len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                    line = stream.readline(LONGEST_LINE)


class Folder(Dataset):
    @property
    def name_of_source(self) -> str:
        return self.source.resolve().name

    def open(self, file: str) -> AbstractContextManager[IO[bytes]]:
        return (self.source / self.folder / file).open("rb", buffering=BUFFER)


class Zip(Dataset):
    @property
    def name_of_source(self) -> str:
        return self.source.stem

    @contextmanager
    def open(self, file: str) -> Iterator[IO[bytes]]:
        member = str(PurePosixPath(self.folder) / file)
        with zipfile.ZipFile(self.source) as archive, archive.open(member) as raw:
            yield BufferedReader(cast("RawIOBase", raw), BUFFER)


class Sample(Dataset):
    """The built-in films, and ratings that are made as they are read."""

    @property
    def name_of_source(self) -> str:
        return SAMPLE

    def open(self, file: str) -> AbstractContextManager[IO[bytes]]:
        return BytesIO(sample_files()[file])


def open_dataset(path: Path) -> Dataset:
    """Find the data set in the folder or zip at `path`; the built-in films mean the sample."""
    if path == FILMS:
        return Sample(path, "", {name: len(made) for name, made in sample_files().items()})
    with readable(path):
        if path.is_dir():
            return Folder(path, *the_one_folder(path, files_on_disk(path)))
        return Zip(path, *the_one_folder(path, files_in_zip(path)))


def files_on_disk(path: Path) -> Sizes:
    """Sizes of the files in a folder and in those right inside it, by their path from it."""
    files = (file for pattern in ("*", "*/*") for file in path.glob(pattern) if file.is_file())
    return {file.relative_to(path).as_posix(): file.stat().st_size for file in files}


def files_in_zip(path: Path) -> Sizes:
    with zipfile.ZipFile(path) as archive:
        members = members_inside(path, archive, WHAT_TO_DO)
    return {member.filename: member.file_size for member in members}


def members_inside(path: Path, archive: zipfile.ZipFile, what_to_do: str) -> list[zipfile.ZipInfo]:
    """List the files of a zip, none of which may lie outside of it."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    for member in members:
        if member.header_offset < 0:
            raise zipfile.BadZipFile("it begins before its beginning")
        inner = PurePosixPath(member.filename.replace("\\", "/"))
        if inner.is_absolute() or ".." in inner.parts:
            raise ImportFailed(
                f"{path} names a file outside of itself ({member.filename}): {what_to_do}."
            )
    return members


def the_one_folder(path: Path, files: Sizes) -> tuple[str, Sizes]:
    """Find the folder with files of MovieLens; the sizes are by the names inside it."""
    folders: dict[str, Sizes] = defaultdict(dict)
    for file, size in files.items():
        folder, _, name = file.rpartition("/")
        folders[folder][name] = size
    found = [folder for folder, names in folders.items() if layout_of("", set(names))]
    if not found:
        raise ImportFailed(f"{path} holds no data set of MovieLens: {WHAT_TO_DO}.")
    if len(found) > 1 and "" not in found:
        raise ImportFailed(f"{path} holds several data sets ({', '.join(found)}): give one.")
    folder = "" if "" in found else found[0]
    return folder, folders[folder]


@contextmanager
def readable(path: Path, what_to_do: str = WHAT_TO_DO) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ImportFailed(
            f"{path} is not a whole zip ({error}): get it anew, or {what_to_do}."
        ) from error
    except RuntimeError as error:
        raise ImportFailed(f"{path} cannot be unpacked: {error}.") from error
    except OSError as error:
        raise ImportFailed(f"{path} cannot be read: {error.strerror or error}.") from error


def find_dataset(wanted: str) -> Path | str:
    """Find the folder or zip that `wanted` means; a name is returned if it must be downloaded.

    "auto" means the default data set, wherever it may lie near the site; the sample is the
    file of the built-in films.
    """
    if wanted == "auto":
        return next(filter(Path.is_file, places_of_default()), DEFAULT)
    if Path(wanted).exists():
        return Path(wanted)
    if wanted == SAMPLE:
        return FILMS
    if wanted in DATA_SETS:
        return stored_zip(wanted) if stored_zip(wanted).is_file() else wanted
    raise ImportFailed(f"There is no {wanted}: {WHAT_TO_DO}.")


def places_of_default() -> Iterator[Path]:
    yield stored_zip(DEFAULT)
    for start in (Path.cwd(), Path(settings.BASE_DIR)):
        yield start / "data" / f"{DEFAULT}.zip"
        yield start.parent / "shared" / "data" / f"{DEFAULT}.zip"
