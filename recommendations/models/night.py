"""Several viewers who look for one film."""

import uuid
from datetime import timedelta
from typing import Self

from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone

from recommendations.models.taste import Viewer

#: Viewers of one film night, its host among them.
MOST_VIEWERS = 5

#: Who rated fewer films has no picks worth sharing.
LEAST_RATINGS = 5

#: A night is over after so long.
KEPT = timedelta(days=30)


class FilmNightQuerySet(models.QuerySet["FilmNight"]):
    def current(self) -> Self:
        return self.filter(created_at__gte=timezone.now() - KEPT)

    def over(self) -> Self:
        return self.filter(created_at__lt=timezone.now() - KEPT)


class FilmNight(models.Model):
    host = models.ForeignKey(Viewer, on_delete=models.CASCADE, related_name="nights_hosted")
    token = models.UUIDField(
        default=uuid.uuid4, unique=True, editable=False, help_text="Who knows it may join"
    )
    viewers = models.ManyToManyField(
        Viewer, related_name="nights", help_text="Those who watch, the host among them"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = FilmNightQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index("created_at", name="night_begun")]

    def __str__(self) -> str:
        return f"Film night of {self.host}"

    def get_absolute_url(self) -> str:
        return reverse("night", args=[self.token])

    @classmethod
    @transaction.atomic
    def start(cls, host: Viewer) -> Self:
        """Open a night; those that are over make room for it."""
        cls.objects.over().delete()
        night = cls.objects.create(host=host)
        night.viewers.add(host)
        return night

    @transaction.atomic
    def join(self, viewer: Viewer) -> bool:
        """False if there is no room. Locked, so that two do not take the last seat."""
        locked = FilmNight.objects.select_for_update().filter(pk=self.pk).first()
        if locked is None or (self.is_full and not self.has(viewer)):
            return False
        self.viewers.add(viewer)
        return True

    @property
    def is_full(self) -> bool:
        return self.viewers.count() >= MOST_VIEWERS

    def has(self, viewer: Viewer) -> bool:
        return self.viewers.filter(pk=viewer.pk).exists()

    def members(self) -> list[Viewer]:
        """In the order in which they came, with their scores."""
        seats = FilmNight.viewers.through.objects.filter(filmnight=self)
        return [seat.viewer for seat in seats.select_related("viewer__scores").order_by("pk")]
