"""Models: fitted, measured and registered; loaded by the workers that serve them."""

import hashlib
import shutil
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings
from django.core.files import File
from django.core.files.storage import storages
from django.db import transaction
from django.utils.module_loading import import_string

from recommendations.engine import artifacts
from recommendations.engine.artifacts import ArtifactError
from recommendations.engine.contract import Model
from recommendations.engine.features import FilmFeatures, TakesFeatures
from recommendations.engine.holdout import HeldOut, accuracy, errors, is_held_out
from recommendations.engine.ratings import Ratings, UnusableRatings
from recommendations.models import Genre, Movie, Neighbours, Rating, TrainedModel, rating_arrays

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.core.files.storage import Storage
    from numpy.typing import NDArray

#: Called with the step at work, how much of it is done, and how much there is.
Steps = Callable[[str, int, int], None]

#: Similar films that are stored of each film.
SIMILAR = 24

WRITTEN_AT_ONCE = 1000


class TrainingFailed(Exception):
    """No model came of it, for a reason that whoever asked for it can mend."""


def unwatched(_step: str, _done: int, _total: int) -> None:
    """Steps that nobody watches."""


def algorithm(name: str) -> type[Model]:
    """The class that `settings.ALGORITHMS` names; ValueError, naming the valid, if it has none."""
    if name not in settings.ALGORITHMS:
        valid = ", ".join(settings.ALGORITHMS)
        raise ValueError(f"There is no algorithm {name!r}; valid are {valid}.")
    found: type[Model] = import_string(settings.ALGORITHMS[name])
    return found


def activate(record: TrainedModel) -> None:
    """Put a model to work; each worker loads it at its next prediction."""
    record.activate()


# Fitting.


def train(
    algorithm: str = "svd",
    parameters: Mapping[str, object] | None = None,
    progress: Steps = unwatched,
) -> TrainedModel:
    """Fit a model to the ratings in the database and register it, ready to be activated.

    Raises TrainingFailed for what whoever asks can mend. Whatever is raised once the fit has
    begun is kept in the model's row, which is then FAILED; the active model stays at work.
    """
    model = _unfitted(algorithm, parameters or {})
    record = TrainedModel.objects.create(algorithm=algorithm, parameters=model.parameters.named())
    try:
        with _stored_files() as written:
            _fit_and_register(record, model, progress, written)
    except BaseException as error:
        _fail(record, traceback.format_exc())
        if isinstance(error, UnusableRatings):
            raise TrainingFailed(str(error)) from error
        raise
    return record


def _unfitted(name: str, parameters: Mapping[str, object]) -> Model:
    try:
        return algorithm(name)(**parameters)
    except ValueError as error:
        raise TrainingFailed(str(error)) from error


def _fail(record: TrainedModel, error: str) -> None:
    TrainedModel.objects.filter(pk=record.pk).update(state=TrainedModel.State.FAILED, error=error)


def _fit_and_register(
    record: TrainedModel, model: Model, progress: Steps, written: list[str]
) -> None:
    rows = rating_arrays.read(Rating.objects.contributed(), partial(progress, "Reading ratings"))
    held = is_held_out(rows["viewer"], rows["movie"])
    ratings = Ratings.from_ids(*_columns(rows[~held]))
    features = film_features()
    _give_features(model, features)
    started = time.monotonic()
    model.fit(ratings, partial(progress, "Fitting"))
    record.fit_seconds = time.monotonic() - started
    record.metrics = _measure(model, ratings, HeldOut.of(ratings, *_columns(rows[held])))
    model.find_neighbours(ratings, features, partial(progress, "Similar films"))
    record.ratings_used = len(ratings)
    record.film_ids = model.film_ids.astype(np.int32).tobytes()
    record.checksum = _store(model, record.metrics, written)
    _register(record, model)


def _give_features(model: Model, features: FilmFeatures | None) -> None:
    if features and isinstance(model, TakesFeatures):
        model.with_features(features.film_ids, features.genres, features.years)


def film_features() -> FilmFeatures | None:
    """Genres and years of all films; None if there are no films."""
    genres = Genre.objects.filter(movies__isnull=False).values_list("movies", "name")
    return FilmFeatures.of_films(dict(Movie.objects.values_list("id", "year")), genres)


def _columns(rows: "NDArray[Any]") -> "tuple[NDArray[Any], NDArray[Any], NDArray[Any]]":
    return rows["viewer"], rows["movie"], rows["stars"]


def _measure(model: Model, ratings: Ratings, held_out: HeldOut) -> dict[str, float]:
    """Measure on the held-out ratings, and take the ranges of predictions from them."""
    wrong_by = errors(model, ratings, held_out)
    model.calibrate(held_out.films, wrong_by)
    return accuracy(wrong_by) | {"held_out": len(held_out), "held_out_unknown": held_out.left_out}


@transaction.atomic
def _register(record: TrainedModel, model: Model) -> None:
    rows = _neighbours(record, model)
    while batch := list(islice(rows, WRITTEN_AT_ONCE)):
        Neighbours.objects.bulk_create(batch)
    record.state = TrainedModel.State.READY
    record.save()


def _neighbours(record: TrainedModel, model: Model) -> "Iterator[Neighbours]":
    for film, film_id in enumerate(model.film_ids.tolist()):
        if similar := [int(model.film_ids[other]) for other, _ in model.similar(film, SIMILAR)]:
            yield Neighbours(model=record, movie_id=film_id, films=similar)


# Storing.


@contextmanager
def _stored_files() -> Iterator[list[str]]:
    """A list for the names of files as they are stored; all are deleted if the work fails."""
    written: list[str] = []
    try:
        yield written
    except BaseException:
        for name in written:
            storages["models"].delete(name)
        _delete_empty_folders(written)
        raise


def _delete_empty_folders(names: "Iterable[str]") -> None:
    for folder in {name.partition("/")[0] for name in names}:
        # Only file systems have folders; one that is not empty is another training's too.
        with suppress(OSError):
            storages["models"].delete(folder)


def _store(model: Model, metrics: Mapping[str, float], written: list[str]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        checksum = model.save(Path(folder), metrics)
        for name in artifacts.read_manifest(Path(folder)).files:
            _store_file(Path(folder) / name, f"{checksum}/{name}", written)
    return checksum


def _store_file(path: Path, name: str, written: list[str]) -> None:
    """Store one file under exactly this name.

    The same data and parameters give the same artifact: what is there and whole stays, as it
    may be an active model's. What is there and damaged is mended.
    """
    storage = storages["models"]
    if _is_stored(storage, name, artifacts.sha256(path)):
        return
    storage.delete(name)
    written.append(name)
    with path.open("rb") as file:
        storage.save(name, File(file))


def _is_stored(storage: "Storage", name: str, sha256: str) -> bool:
    if not storage.exists(name):
        return False
    with storage.open(name) as file:
        digest = hashlib.sha256()
        for chunk in file.chunks():
            digest.update(chunk)
    return digest.hexdigest() == sha256


def _copy(storage: "Storage", name: str, path: Path) -> None:
    with storage.open(name) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target)


# Loading.


@dataclass(frozen=True)
class LoadedModel:
    """A model in this process's memory, and the row that describes it."""

    pk: int
    algorithm: str
    checksum: str
    model: Model

    @property
    def source(self) -> tuple[int, str, str]:
        return self.pk, self.algorithm, self.checksum


_loaded: LoadedModel | None = None


def needs_loading() -> bool:
    """Whether `load_active` has something to load, which may take a while."""
    active = TrainedModel.objects.active().values_list("pk", flat=True).first()
    return _loaded is None or _loaded.pk != active


def load_active() -> LoadedModel | None:
    """The active model, or None if there is none. Loaded once, and anew when another is activated.

    Raises ArtifactError, naming the model and what mends it, when it cannot be loaded.
    """
    global _loaded  # noqa: PLW0603
    active = TrainedModel.objects.active().values_list("pk", "algorithm", "checksum").first()
    if active is None:
        return None
    if _loaded is None or _loaded.source != active:
        _loaded = LoadedModel(*active, _load(*active))
    return _loaded


def _load(pk: int, name: str, checksum: str) -> Model:
    try:
        folder = _cached(checksum)
        try:
            return algorithm(name).load(folder)
        except ArtifactError:
            # Something happened to the copy: take another, once.
            _discard(folder)
            return algorithm(name).load(_cached(checksum))
    except ArtifactError as error:
        raise ArtifactError(
            f"The model {name} {pk} cannot be loaded: {error}. "
            f"Train another: manage.py train --algorithm {name}"
        ) from error


def _cached(checksum: str) -> Path:
    """This host's copy of an artifact, taken from the storage and verified if there is none."""
    folder: Path = settings.MODEL_CACHE / checksum
    if folder.is_dir():
        return folder
    settings.MODEL_CACHE.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{checksum[:8]}-", dir=settings.MODEL_CACHE))
    try:
        _fetch(checksum, draft)
        draft.rename(folder)
    except OSError:
        # One that another process put there meanwhile is as good.
        if not folder.is_dir():
            raise
    finally:
        _discard(draft)
    return folder


def _fetch(checksum: str, folder: Path) -> None:
    """Copy an artifact from the storage into `folder`, verify it, and make it read-only."""
    storage = storages["models"]
    try:
        _copy(storage, f"{checksum}/{artifacts.MANIFEST}", folder / artifacts.MANIFEST)
        for name in artifacts.read_manifest(folder).files[:-1]:
            _copy(storage, f"{checksum}/{name}", folder / name)
    except FileNotFoundError as error:
        raise ArtifactError(f"{error.filename or checksum} is missing in the storage") from error
    artifacts.verify(folder, checksum)
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)


def _discard(folder: Path) -> None:
    if folder.exists():
        folder.chmod(0o755)
        shutil.rmtree(folder)
