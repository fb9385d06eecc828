"""Models that were fitted, and which of them is at work.

`recommendations.pipeline.trainings` queues their training and `recommendations.training` does it;
here is what both rest on.
"""

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Self

import numpy as np
from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from recommendations.models.catalogue import Movie
from recommendations.models.clocks import LONGEST_WAKE_PERIOD, past

if TYPE_CHECKING:
    from django.db.models.expressions import CombinedExpression
    from numpy.typing import NDArray


#: A lease that is further from now than this, and itself, was given before the clock was changed.
JUMP = timedelta(minutes=10)


class TrainedModelQuerySet(models.QuerySet["TrainedModel"]):
    def active(self) -> Self:
        return self.filter(state=TrainedModel.State.ACTIVE)

    def unfinished(self) -> Self:
        """Trainings that are queued or running."""
        return self.filter(state=TrainedModel.State.TRAINING)

    def queued(self) -> Self:
        return self.unfinished().filter(claimed_at=None)

    def running(self) -> Self:
        """All that a training writes goes through here: nothing, once it was failed or deleted."""
        return self.unfinished().filter(claimed_at__isnull=False)

    def lease_expired(self) -> Self:
        return self.running().filter(lease_expires_at__lt=Now())

    def lease_jumped(self) -> Self:
        """Those whose lease says nothing: the clock was changed, or nobody has looked for long."""
        long_ago = Q(lease_expires_at__lt=Now() - JUMP)
        too_far = Q(lease_expires_at__gt=training_lease() + JUMP)
        return self.running().filter(long_ago | too_far)

    def wake_due(self) -> Self:
        return self.queued().filter(past("wake_at", LONGEST_WAKE_PERIOD))

    def usable(self) -> Self:
        """Those that can be put to work."""
        return self.filter(state__in=TrainedModel.State.usable())

    def once_active(self) -> Self:
        """Those that were at work before the active one, the last first."""
        retired = self.filter(state=TrainedModel.State.RETIRED, activated_at__isnull=False)
        return retired.order_by("-activated_at")

    def prunable(self, keep: int) -> Self:
        """Those at rest but the newest `keep`, and never the one to go back to."""
        at_rest = self.exclude(
            state__in=[TrainedModel.State.TRAINING, TrainedModel.State.ACTIVE]
        ).order_by("-pk")
        kept = [*at_rest.values_list("pk", flat=True)[:keep]]
        kept += self.once_active().values_list("pk", flat=True)[:1]
        return at_rest.exclude(pk__in=kept)

    @transaction.atomic
    def delete_idle(self) -> list[str]:
        """Delete these but for the one at work, with their neighbours; returns the checksums.

        Locked: Django reads rows before it deletes them, and one may go to work between.
        """
        idle = self.exclude(state=TrainedModel.State.ACTIVE)
        locked = dict(idle.select_for_update().values_list("pk", "checksum"))
        TrainedModel.objects.filter(pk__in=locked).delete()
        return list(locked.values())


class TrainedModel(models.Model):
    """One fitted, versioned, stored model."""

    class State(models.TextChoices):
        TRAINING = "training"
        READY = "ready"
        ACTIVE = "active"
        RETIRED = "retired"
        FAILED = "failed"

        @classmethod
        def usable(cls) -> "list[TrainedModel.State]":
            return [cls.READY, cls.RETIRED]

    class Activation(models.TextChoices):
        """When a training puts its model to work."""

        NEVER = "never"
        UNLESS_WORSE = "unless worse"
        ALWAYS = "always"

    algorithm = models.CharField(max_length=50)
    parameters = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.TRAINING)
    metrics = models.JSONField(default=dict, help_text="Measured on the held-out ratings")
    ratings_used = models.PositiveBigIntegerField(default=0)
    fit_seconds = models.FloatField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    activated_at = models.DateTimeField(null=True)
    checksum = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the manifest, which names the artifact"
    )
    film_ids = models.BinaryField(
        default=bytes, help_text="Ids of the films it scores, ascending, as int32"
    )
    taste_groups = models.JSONField(
        default=list, help_text="Groups of films that the same people like, with their examples"
    )
    stars_given = models.JSONField(
        default=list, help_text="How many of the ratings it learned from gave each of 0.5 to 5"
    )
    error = models.TextField(blank=True)
    activation = models.CharField(
        max_length=12,
        choices=Activation,
        default=Activation.NEVER,
        help_text="When the training puts the model to work",
    )
    step = models.CharField(max_length=40, blank=True, help_text="What the training does now")
    progress = models.FloatField(default=0, help_text="The share of the step that is done")
    task_id = models.CharField(max_length=32, blank=True, help_text="Of the last wake-up")
    wake_at = models.DateTimeField(
        null=True, help_text="When to wake the training cluster again, if still queued"
    )
    claimed_at = models.DateTimeField(null=True, help_text="When its training began")
    lease_expires_at = models.DateTimeField(null=True)

    objects = TrainedModelQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="active"), name="one_active_model"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.algorithm} {self.pk}"

    @property
    def is_queued(self) -> bool:
        return self.state == self.State.TRAINING and self.claimed_at is None

    @property
    def can_be_activated(self) -> bool:
        return self.state in self.State.usable()

    @property
    def standing(self) -> str:
        """Its state in a word, and while it trains, what it does."""
        if self.is_queued:
            return "queued"
        if self.state == self.State.TRAINING and self.step:
            return f"training: {self.step.lower()}"
        return str(self.state)

    @property
    def reason(self) -> str:
        """The last line of the error, which says what went wrong."""
        return self.error.strip().rpartition("\n")[2]

    @transaction.atomic
    def activate(self) -> None:
        """Put this model to work in place of the one that is, in one step.

        Activations take turns: each locks every model that could be at work.
        """
        at_hand = TrainedModel.objects.filter(state__in=[self.State.ACTIVE, *self.State.usable()])
        list(at_hand.select_for_update().order_by("pk").values_list("pk"))
        TrainedModel.objects.active().exclude(pk=self.pk).update(state=self.State.RETIRED)
        same = TrainedModel.objects.usable().filter(pk=self.pk)
        if not same.update(state=self.State.ACTIVE, activated_at=timezone.now()):
            raise ValueError(f"{self} is {self.state}: only a ready or retired model can be used.")
        self.refresh_from_db(fields=["state", "activated_at"])


def training_lease() -> "CombinedExpression":
    """When a training's lease taken or extended now runs out, by the database's clock."""
    return Now() + timedelta(seconds=settings.TRAINING_LEASE)


@lru_cache(maxsize=4)
def films_of(model_id: int) -> "NDArray[np.int32]":
    """Ids of the films that a model scores, ascending; a stored model never changes."""
    stored = TrainedModel.objects.values_list("film_ids", flat=True).get(pk=model_id)
    return np.frombuffer(stored, dtype=np.int32)


class Neighbours(models.Model):
    """The films most like one film, as one model sees it: the nearest first."""

    model = models.ForeignKey(TrainedModel, on_delete=models.CASCADE, db_index=False)
    movie = models.ForeignKey(Movie, on_delete=models.CASCADE, related_name="neighbours")
    films = models.JSONField(help_text="Ids of the similar films, the nearest first")
    also_liked = models.JSONField(
        default=list, help_text="Ids of what those who liked it also liked, the most telling first"
    )

    class Meta:
        verbose_name_plural = "neighbours"
        constraints = [
            models.UniqueConstraint(fields=["model", "movie"], name="one_row_a_film"),
        ]

    def __str__(self) -> str:
        return f"Like {self.movie_id}"
