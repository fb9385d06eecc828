"""Going back to an earlier model, and taking out what is not needed any more."""

from contextlib import suppress

from django.conf import settings

from recommendations.models import TrainedModel
from recommendations.training import caching, storing


class Refused(Exception):
    """What was asked for cannot be done with this model; the message says why."""


def activate_if_whole(record: TrainedModel) -> None:
    """Raises Refused for a model that cannot be used, or whose artifact is not whole."""
    if record.can_be_activated and (problem := storing.inspect(record.checksum).problem):
        raise Refused(
            f"{record} cannot be put to work: {problem}. "
            f"Train another: manage.py train --algorithm {record.algorithm}"
        )
    try:
        record.activate()
    except ValueError as error:
        raise Refused(str(error)) from error


def roll_back() -> TrainedModel:
    """Put the model to work again that was at work before. Raises Refused if there is none."""
    before = TrainedModel.objects.once_active().first()
    if before is None:
        raise Refused("No other model was at work before.")
    activate_if_whole(before)
    return before


def delete(record: TrainedModel) -> None:
    """Delete the row, its neighbours, and its artifact unless another row names it too.

    A training whose row is deleted ends without a result. Raises Refused for the active model.
    """
    deleted = TrainedModel.objects.filter(pk=record.pk).delete_idle()
    if not deleted:
        raise Refused(f"{record} is at work; activate another model first.")
    storing.delete_unless_named(*deleted)


def prune(keep: int | None = None) -> int:
    """Delete the models at rest but the newest, and all files that no row names.

    Returns how many models and artifacts were deleted.
    """
    models = list(TrainedModel.objects.prunable(settings.MODELS_KEEP if keep is None else keep))
    deleted = 0
    for record in models:
        # One that went to work meanwhile stays.
        with suppress(Refused):
            delete(record)
            deleted += 1
    artifacts = storing.delete_unnamed()
    caching.tidy()
    return deleted + artifacts
