"""A file of ratings that a viewer brought, and what of it is not in the catalogue."""

from django.db import models
from django.db.models.functions import Now

from recommendations.models.taste import Viewer


class RatingsImport(models.Model):
    """One file brought to the site. The row is the truth; the task is only a wake-up."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    viewer = models.ForeignKey(Viewer, on_delete=models.CASCADE, related_name="imports")
    file_name = models.CharField(max_length=200)
    content = models.BinaryField(
        default=bytes,
        help_text="The file, so that any worker on any host can read it, until it did",
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0, help_text="Counted when claimed")
    progress = models.FloatField(default=0, help_text="The share of the import that is done")
    report = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    task_id = models.CharField(max_length=32, blank=True)
    requested_at = models.DateTimeField(db_default=Now())
    wake_at = models.DateTimeField(help_text="When to wake the workers again, if still queued")
    lease_expires_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index("status", "wake_at", name="import_wake"),
            models.Index("status", "lease_expires_at", name="import_lease"),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} of {self.viewer}"


class UnmatchedEntry(models.Model):
    """A line of an export that names no film of the catalogue, or several.

    It is kept for the viewer: exported with the rest, and matched again when films are imported.
    """

    class Kind(models.TextChoices):
        RATING = "rating"
        SEEN = "seen"
        WATCHLIST = "watchlist"

    viewer = models.ForeignKey(Viewer, on_delete=models.CASCADE, related_name="unmatched")
    kind = models.CharField(max_length=10, choices=Kind)
    title = models.CharField(max_length=300)
    other_title = models.CharField(max_length=300, blank=True)
    year = models.PositiveSmallIntegerField(null=True)
    imdb_id = models.PositiveIntegerField(null=True)
    movielens_id = models.PositiveIntegerField(null=True)
    stars = models.FloatField(null=True)
    day = models.DateField(null=True)
    candidates = models.JSONField(default=list, help_text="The films that could be meant")
    identity = models.CharField(max_length=64, help_text="The same for all lines on one film")

    class Meta:
        verbose_name_plural = "unmatched entries"
        ordering = ["title", "year", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["viewer", "kind", "identity"], name="one_unmatched_a_film"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.year})" if self.year else self.title
