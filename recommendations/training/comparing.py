"""Champion and challenger: a new model goes to work unless it is worse than the one at work."""

import logging
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from recommendations.engine.artifacts import ArtifactError, NewerFormat
from recommendations.engine.comparison import Comparison, Served, Trial, compare
from recommendations.engine.progress import Steps
from recommendations.models import TrainedModel
from recommendations.training.fitting import Fitted
from recommendations.training.loading import load
from recommendations.training.reading import columns

logger = logging.getLogger(__name__)

#: So many viewers are asked for; so many of a model that scores film by film, which may take a
#: second for each of them.
VIEWERS, VIEWERS_OF_SLOW = 500, 50


@dataclass(frozen=True)
class Verdict:
    """Which model was at work, and how the new one compares, or why they were not compared.

    unknown: the one at work may well be better, but it could not be loaded here
    """

    champion: TrainedModel | None
    comparison: Comparison | None = None
    note: str = ""
    unknown: bool = False

    def stands(self) -> bool:
        """The new model may go to work: it did not lose to the one that still is."""
        now = TrainedModel.objects.active().values_list("pk", flat=True).first()
        was = self.champion.pk if self.champion else None
        lost = self.unknown or (self.comparison is not None and self.comparison.lost)
        return now == was and not lost

    def as_metrics(self) -> dict[str, Any]:
        if self.champion is None:
            return {}
        told: dict[str, Any] = {"champion": str(self.champion)}
        if self.comparison:
            told |= asdict(self.comparison) | {"lost": self.comparison.lost}
        else:
            told["note"] = self.note
        return {"comparison": told}


def judge(fitted: Fitted, progress: Steps) -> Verdict:
    """Compare a new model with the active one, on the ratings that no training ever saw."""
    champion = TrainedModel.objects.active().defer("film_ids").first()
    if champion is None:
        return Verdict(None)
    try:
        model = load(champion)
    except ArtifactError as error:
        logger.warning("%s", error)
        # A newer format is no damage: it is this process that is old, and the model is good.
        return Verdict(champion, note=str(error), unknown=isinstance(error, NewerFormat))
    except Exception as error:
        # The storage is away, and each kind of storage says so in its own words.
        logger.exception("%s could not be loaded to compare with.", champion)
        return Verdict(champion, note=f"{champion} could not be loaded: {error}", unknown=True)
    fold_in = fitted.model.folds_in and model.folds_in
    trials = Trial.of_viewers(
        fitted.ratings, *columns(fitted.held_out), VIEWERS if fold_in else VIEWERS_OF_SLOW
    )
    report = partial(progress, "Comparing with the active model")
    comparison = compare(Served(fitted.model), Served(model), trials, report)
    note = "" if comparison else "Too few ratings were held out to compare by."
    return Verdict(champion, comparison, note)
