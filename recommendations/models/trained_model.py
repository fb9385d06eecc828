"""Models that were fitted, and which of them is at work."""

from functools import lru_cache
from typing import TYPE_CHECKING, Self

import numpy as np
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from recommendations.models.catalogue import Movie

if TYPE_CHECKING:
    from numpy.typing import NDArray


class TrainedModelQuerySet(models.QuerySet["TrainedModel"]):
    def active(self) -> Self:
        return self.filter(state=TrainedModel.State.ACTIVE)


class TrainedModel(models.Model):
    """One fitted, versioned, stored model."""

    class State(models.TextChoices):
        TRAINING = "training"
        READY = "ready"
        ACTIVE = "active"
        RETIRED = "retired"
        FAILED = "failed"

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
    error = models.TextField(blank=True)

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
    def can_be_activated(self) -> bool:
        return self.state in {self.State.READY, self.State.RETIRED}

    @transaction.atomic
    def activate(self) -> None:
        """Put this model to work in place of the one that is, in one step."""
        if not self.can_be_activated:
            raise ValueError(f"{self} is {self.state}: only a ready or retired model can be used.")
        TrainedModel.objects.active().update(state=self.State.RETIRED)
        self.state = self.State.ACTIVE
        self.activated_at = timezone.now()
        self.save(update_fields=["state", "activated_at"])


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

    class Meta:
        verbose_name_plural = "neighbours"
        constraints = [
            models.UniqueConstraint(fields=["model", "movie"], name="one_row_a_film"),
        ]

    def __str__(self) -> str:
        return f"Like {self.movie_id}"
