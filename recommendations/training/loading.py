"""Models in the memory of the workers that serve them."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from recommendations.engine import artifacts
from recommendations.engine.artifacts import ArtifactError, NewerFormat
from recommendations.models import TrainedModel
from recommendations.training import caching, storing
from recommendations.training.algorithms import algorithm

if TYPE_CHECKING:
    from recommendations.engine.contract import Model

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoadedModel:
    """A model in this process's memory, and the row that describes it."""

    pk: int
    algorithm: str
    checksum: str
    model: "Model"

    @property
    def source(self) -> tuple[int, str, str]:
        return self.pk, self.algorithm, self.checksum


_loaded: LoadedModel | None = None


def in_memory() -> int | None:
    """The key of the model that this process has loaded, if it has one."""
    return _loaded.pk if _loaded else None


def load_active() -> LoadedModel | None:
    """The active model, or None if there is none. Loaded once, and anew when another is activated.

    When its artifact is damaged or missing for certain, the model that was at work before it and
    can be loaded takes its place. Raises ArtifactError, naming the model and what mends it, when
    there is none; whatever else the storage raises is an outage, and changes nothing.
    """
    global _loaded  # noqa: PLW0603
    active = TrainedModel.objects.active().defer("film_ids").first()
    if active is None:
        return None
    if _loaded is None or _loaded.source != (active.pk, active.algorithm, active.checksum):
        _loaded = _load_or_replace(active)
        caching.tidy(keep=_loaded.checksum)
    return _loaded


def load(record: TrainedModel) -> "Model":
    """Raises ArtifactError, naming the model and what mends it, when it cannot be loaded."""
    kind = algorithm(record.algorithm)
    try:
        folder = caching.cached(record.checksum)
        try:
            artifacts.verify_manifest(folder, record.checksum)
            return kind.load(folder)
        except NewerFormat:
            raise
        except ArtifactError:
            # Something happened to the copy: take another, once.
            caching.discard(folder)
            return kind.load(caching.cached(record.checksum))
    except ArtifactError as error:
        raise type(error)(
            f"The model {record} cannot be loaded: {error}. "
            f"Train another: manage.py train --algorithm {record.algorithm}"
        ) from error


def _loaded_from(record: TrainedModel) -> LoadedModel:
    return LoadedModel(record.pk, record.algorithm, record.checksum, load(record))


def _load_or_replace(active: TrainedModel) -> LoadedModel:
    try:
        return _loaded_from(active)
    except NewerFormat:
        raise  # this process is what is old, and the model is good
    except ArtifactError as error:
        if replacement := _last_good():
            _replace(active, replacement, str(error))
            return replacement
        # Another worker may have put the last good one to work just before.
        other = TrainedModel.objects.active().exclude(pk=active.pk).defer("film_ids").first()
        if other is None:
            raise
        return _loaded_from(other)


def _last_good() -> LoadedModel | None:
    """The model that was last at work, of those that are stored and can be loaded."""
    for record in TrainedModel.objects.once_active().defer("film_ids"):
        # If none is stored, it is the storage that is away, whatever this host has in its cache.
        if storing.is_stored(record.checksum):
            try:
                return _loaded_from(record)
            except ArtifactError as error:
                logger.warning("%s", error)
    return None


@transaction.atomic
def _replace(damaged: TrainedModel, good: LoadedModel, error: str) -> None:
    """Put the good model to work in place of the damaged one, unless somebody was faster."""
    same = TrainedModel.objects.active().filter(pk=damaged.pk, checksum=damaged.checksum)
    last = TrainedModel.objects.usable().filter(pk=good.pk)
    if same.update(state=TrainedModel.State.FAILED, error=error) and last.update(
        state=TrainedModel.State.ACTIVE, activated_at=timezone.now()
    ):
        logger.error("%s. %s %s is at work again.", error, good.algorithm, good.pk)
    else:
        transaction.set_rollback(True)
