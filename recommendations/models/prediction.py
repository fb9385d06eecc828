"""A prediction's row: what was asked, how far it is, what came of it.

`recommendations.pipeline` moves it from state to state; here is what those moves rest on.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

import numpy as np
from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Now

from recommendations.models.clocks import LONGEST_WAKE_PERIOD, past
from recommendations.models.taste import Viewer
from recommendations.models.trained_model import TrainedModel, films_of
from recommendations.models.workers import BATCH, PREDICTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models.expressions import CombinedExpression
    from numpy.typing import NDArray

#: The key of the run that fills all the shelves of a home page.
HOME = "home"

#: The key of the run that finds the viewers nearest in taste.
TASTE = "taste"

#: Work that has been due for so long while nobody works means that no worker is alive.
SILENCE = timedelta(seconds=15)


def film_key(movie_id: int) -> str:
    """The key of the run that says why this film, and with what certainty."""
    return f"film:{movie_id}"


def film_of(key: str) -> int | None:
    """The film that a key is about, if it is one of a film."""
    named = re.fullmatch(r"film:([0-9]{1,9})", key)
    return int(named[1]) if named else None


@dataclass(frozen=True)
class Claim:
    """What a worker holds while a prediction is its own: all later writes name it."""

    prediction_id: int
    attempt: int

    def __str__(self) -> str:
        return f"Prediction {self.prediction_id}, attempt {self.attempt}"


class PredictionQuerySet(models.QuerySet["Prediction"]):
    def of(self, viewer: Viewer, key: str) -> Self:
        return self.filter(viewer=viewer, key=key)

    def in_flight(self) -> Self:
        return self.filter(status__in=Prediction.Status.in_flight())

    def held(self, claim: Claim) -> Self:
        """The claimed row, as long as the claim is good; nothing once it was lost."""
        return self.filter(
            pk=claim.prediction_id, status=Prediction.Status.RUNNING, attempt=claim.attempt
        )

    def lease_expired(self) -> Self:
        longest = timedelta(seconds=settings.PREDICTION_TIMEOUT)
        return self.filter(past("lease_expires_at", longest), status=Prediction.Status.RUNNING)

    def wake_due(self) -> Self:
        return self.filter(past("wake_at", LONGEST_WAKE_PERIOD), status=Prediction.Status.QUEUED)

    def no_worker(self) -> bool:
        """True when somebody's work is due, and for a while none of it was claimed or leased."""
        since = Now() - SILENCE
        due = self.filter(queue=PREDICTIONS)
        waiting = due.filter(status=Prediction.Status.QUEUED, enqueued_at__lt=since)
        signs_of_life = (
            due.filter(claimed_at__gte=since),
            due.filter(lease_expires_at__gte=since),
        )
        return waiting.exists() and not any(signs.exists() for signs in signs_of_life)

    def failed_last(self) -> Self:
        """Failures after which nobody has asked for the same again."""
        newer = Prediction.objects.filter(
            viewer=OuterRef("viewer"), key=OuterRef("key"), pk__gt=OuterRef("pk")
        )
        return self.filter(~Exists(newer), status=Prediction.Status.FAILED)

    def telling(self) -> Self:
        """Of one viewer and key: the run in flight, the newest good one, the newest failure."""

        def newest(status: "Prediction.Status") -> Subquery:
            same = self.filter(status=status).order_by("-pk").values("pk")
            return Subquery(same[:1])

        return self.filter(
            Q(status__in=Prediction.Status.in_flight())
            | Q(pk=newest(Prediction.Status.SUCCEEDED))
            | Q(pk=newest(Prediction.Status.FAILED))
        )

    def prunable(self, keep_runs: int, older_than: timedelta) -> Self:
        """Finished rows that are too old or too many; never a viewer's newest good home page."""
        newer = Prediction.objects.filter(
            viewer=OuterRef("viewer"), key=OuterRef("key"), pk__gt=OuterRef("pk")
        )
        good = newer.filter(status=Prediction.Status.SUCCEEDED)
        too_many = Exists(newer.order_by("pk").values("pk")[keep_runs - 1 : keep_runs])
        replaced = ~Q(status=Prediction.Status.SUCCEEDED, key=HOME) | Exists(good)
        return (
            self.exclude(status__in=Prediction.Status.in_flight())
            .filter(replaced)
            .filter(Q(finished_at__lt=Now() - older_than) | too_many)
        )

    def prune(self, keep_runs: int, older_than: timedelta) -> int:
        """Delete what is prunable; returns how many rows went."""
        prunable = list(self.prunable(keep_runs, older_than).values_list("pk", flat=True))
        deleted, _ = self.filter(pk__in=prunable).delete()
        return deleted


class Prediction(models.Model):
    """One run for one viewer and one key. Rows are history; this row is the truth of the run."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

        @classmethod
        def in_flight(cls) -> "list[Prediction.Status]":
            return [cls.QUEUED, cls.RUNNING]

    viewer = models.ForeignKey(
        Viewer, on_delete=models.CASCADE, related_name="predictions", db_index=False
    )
    key = models.CharField(max_length=40, help_text="home, taste, or film: and the film's id")
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0, help_text="Counted when claimed")
    model = models.ForeignKey(
        TrainedModel, on_delete=models.SET_NULL, null=True, related_name="predictions"
    )
    taste_version = models.PositiveIntegerField()
    result = models.JSONField(default=dict)
    progress = models.FloatField(default=0, help_text="The share of the run that is done")
    error = models.TextField(blank=True)
    queue = models.CharField(
        max_length=20,
        choices=[(name, name) for name in (PREDICTIONS, BATCH)],
        default=PREDICTIONS,
        db_default=PREDICTIONS,
    )
    claimed_by = models.CharField(
        max_length=300,
        blank=True,
        db_default="",
        help_text="The last worker: its host and process",
    )
    task_id = models.CharField(max_length=32, blank=True, help_text="Of the last wake-up")
    wakes = models.PositiveSmallIntegerField(default=0, help_text="Wake-ups since it was queued")
    requested_at = models.DateTimeField(db_default=Now())
    enqueued_at = models.DateTimeField(db_default=Now())
    wake_at = models.DateTimeField(help_text="When to wake the workers again, if still queued")
    claimed_at = models.DateTimeField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = PredictionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index("viewer", "key", "status", "id", name="prediction_of_viewer"),
            models.Index("status", "lease_expires_at", name="prediction_lease"),
            models.Index("status", "wake_at", name="prediction_wake"),
            models.Index("claimed_at", name="prediction_claimed"),
            models.Index("lease_expires_at", name="prediction_lease_any"),
            # All that the operator's figures need of a run, without its row and result.
            models.Index(
                "finished_at",
                "status",
                "queue",
                "enqueued_at",
                "claimed_at",
                condition=Q(finished_at__isnull=False),
                name="prediction_finished",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["viewer", "key"],
                condition=Q(status__in=["queued", "running"]),
                name="one_prediction_in_flight",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} for {self.viewer}"

    @property
    def has_errors(self) -> bool:
        """Some part of the result could not be made."""
        return any("error" in part for part in self.result.values())

    @property
    def queue_seconds(self) -> float | None:
        return (self.claimed_at - self.enqueued_at).total_seconds() if self.claimed_at else None

    @property
    def run_seconds(self) -> float | None:
        if not (self.claimed_at and self.finished_at):
            return None
        return (self.finished_at - self.claimed_at).total_seconds()

    @property
    def reason(self) -> str:
        """The last line of the error, which says what went wrong."""
        return self.error.strip().rpartition("\n")[2]


def lease() -> "CombinedExpression":
    """When a lease taken or extended now runs out, by the database's clock."""
    return Now() + timedelta(seconds=settings.PREDICTION_LEASE)


class Scores(models.Model):
    """What one model thinks of all its films for one viewer, written by the home run."""

    viewer = models.OneToOneField(Viewer, on_delete=models.CASCADE, related_name="scores")
    model = models.ForeignKey(TrainedModel, on_delete=models.CASCADE)
    taste_version = models.PositiveIntegerField()
    fit = models.BinaryField(help_text="What ranks the model's films, as float16")
    stars = models.BinaryField(help_text="Predicted stars of the model's films, as float16")

    class Meta:
        verbose_name_plural = "scores"

    def __str__(self) -> str:
        return f"Scores of {self.viewer}"

    def replace(self) -> None:
        """Store them in the place of those that the viewer had."""
        told = [field.name for field in self._meta.concrete_fields if not field.primary_key]
        Scores.objects.bulk_create(
            [self], update_conflicts=True, unique_fields=["viewer"], update_fields=told
        )

    def predicted_stars(self, movie_ids: "Iterable[int]") -> dict[int, float]:
        """Predicted stars by film id; films that the model does not know are left out."""
        wanted = np.fromiter(movie_ids, dtype=np.int32)
        stars = self.stars_of(wanted)
        known = ~np.isnan(stars)
        return dict(zip(wanted[known].tolist(), stars[known].tolist(), strict=True))

    def stars_of(self, movie_ids: "NDArray[np.int32]") -> "NDArray[np.float32]":
        """Predicted stars of these films, NaN for those that the model does not know."""
        return self._of(movie_ids, self.stars)

    def fit_of(self, movie_ids: "NDArray[np.int32]") -> "NDArray[np.float32]":
        """What ranks these films, NaN for those that the model does not know."""
        return self._of(movie_ids, self.fit)

    def _of(
        self, movie_ids: "NDArray[np.int32]", stored: bytes | memoryview
    ) -> "NDArray[np.float32]":
        films = films_of(self.model_id)
        values = np.frombuffer(stored, np.float16).astype(np.float32)
        if not len(films):
            return np.full(len(movie_ids), np.nan, np.float32)
        places = np.minimum(np.searchsorted(films, movie_ids), len(films) - 1)
        return np.where(films[places] == movie_ids, values[places], np.float32(np.nan))
