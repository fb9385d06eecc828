"""Several viewers who look for one film."""

import uuid

from django.db import models
from django.utils import timezone

from recommendations.models.taste import Viewer

#: Viewers of one film night, its host among them.
MOST_VIEWERS = 5


class FilmNight(models.Model):
    host = models.ForeignKey(Viewer, on_delete=models.CASCADE, related_name="nights_hosted")
    token = models.UUIDField(
        default=uuid.uuid4, unique=True, editable=False, help_text="Who knows it may join"
    )
    viewers = models.ManyToManyField(
        Viewer, related_name="nights", help_text="Those who watch, the host among them"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"Film night of {self.host}"
