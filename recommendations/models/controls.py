"""What a viewer wants of the picks just now, whatever the taste."""

from django.db import models
from django.db.models import Q

from recommendations.models.catalogue import Genre
from recommendations.models.taste import Viewer

#: From the mainstream (negative) to the niche (positive).
LEANINGS = range(-3, 4)


class TasteControls(models.Model):
    viewer = models.OneToOneField(Viewer, on_delete=models.CASCADE, related_name="controls")
    leaning = models.SmallIntegerField(default=0)
    first_year = models.PositiveSmallIntegerField(null=True, blank=True)
    last_year = models.PositiveSmallIntegerField(null=True, blank=True)
    without = models.ManyToManyField(Genre, blank=True, related_name="+")

    class Meta:
        verbose_name_plural = "taste controls"
        constraints = [
            models.CheckConstraint(
                condition=Q(leaning__gte=LEANINGS.start, leaning__lt=LEANINGS.stop),
                name="leaning_in_range",
            ),
        ]

    def __str__(self) -> str:
        return f"Taste controls of {self.viewer}"
