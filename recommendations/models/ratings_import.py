"""A file of ratings that a viewer brought, and what of it is not in the catalogue."""

from datetime import timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from recommendations.models.catalogue import Movie
from recommendations.models.clocks import LONGEST_WAKE_PERIOD, past
from recommendations.models.taste import Viewer

if TYPE_CHECKING:
    from django.db.models.expressions import CombinedExpression


class RatingsImportQuerySet(models.QuerySet["RatingsImport"]):
    def in_flight(self) -> Self:
        return self.filter(status__in=RatingsImport.Status.in_flight())

    def held(self, pk: int, attempt: int) -> Self:
        """The claimed row, as long as the claim is good; nothing once it was lost."""
        return self.filter(pk=pk, status=RatingsImport.Status.RUNNING, attempt=attempt)

    def lease_expired(self) -> Self:
        longest = timedelta(seconds=settings.PREDICTION_TIMEOUT)
        return self.filter(past("lease_expires_at", longest), status=RatingsImport.Status.RUNNING)

    def wake_due(self) -> Self:
        due = past("wake_at", LONGEST_WAKE_PERIOD)
        return self.filter(due, status=RatingsImport.Status.QUEUED)


class RatingsImport(models.Model):
    """One file brought to the site. The row is the truth; the task is only a wake-up."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

        @classmethod
        def in_flight(cls) -> "list[RatingsImport.Status]":
            return [cls.QUEUED, cls.RUNNING]

    class Contents(models.TextChoices):
        """What rows without stars say; those with stars are ratings whatever is said."""

        AUTO = "auto", "Tell by the file"
        RATINGS = "ratings", "Ratings only"
        SEEN = "seen", "Films seen"
        WATCHLIST = "watchlist", "Watchlist"

    viewer = models.ForeignKey(Viewer, on_delete=models.CASCADE, related_name="imports")
    file_name = models.CharField(max_length=200)
    content = models.BinaryField(
        default=bytes,
        help_text="The file, so that any worker on any host can read it, until it did",
    )
    contents = models.CharField(
        "what is in it", max_length=10, choices=Contents, default=Contents.AUTO
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0, help_text="Counted when claimed")
    progress = models.FloatField(
        default=0, help_text="The share of rows whose film was looked for; then all is stored"
    )
    report = models.JSONField(default=dict)
    message = models.TextField(blank=True, help_text="What the viewer is told of a failure")
    error = models.TextField(blank=True)
    task_id = models.CharField(max_length=32, blank=True)
    requested_at = models.DateTimeField(db_default=Now())
    wake_at = models.DateTimeField(help_text="When to wake the workers again, if still queued")
    lease_expires_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = RatingsImportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index("status", "wake_at", name="import_wake"),
            models.Index("status", "lease_expires_at", name="import_lease"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["viewer"],
                condition=Q(status__in=["queued", "running"]),
                name="one_import_in_flight",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} of {self.viewer}"

    @property
    def is_in_flight(self) -> bool:
        return self.status in self.Status.in_flight()

    @property
    def matched(self) -> int:
        """Rows that found their film."""
        return sum(self.report.get(outcome, 0) for outcome in MATCHED)


#: What becomes of a row that found its film, as the report counts it.
MATCHED = ["added", "replaced", "unchanged", "kept", "seen", "watchlist", "marked_before"]


def import_lease() -> "CombinedExpression":
    """When a lease taken or extended now runs out, by the database's clock.

    Storing tells nothing of how far it is; Django-Q2 ends a task that takes longer than this.
    """
    return Now() + timedelta(seconds=settings.PREDICTION_TIMEOUT)


class UnmatchedEntryQuerySet(models.QuerySet["UnmatchedEntry"]):
    def waiting(self) -> Self:
        """Those that still have no film."""
        return self.filter(movie=None)

    def ambiguous(self) -> Self:
        return self.waiting().exclude(candidates=[])

    def not_found(self) -> Self:
        return self.waiting().filter(candidates=[])


class UnmatchedEntry(models.Model):
    """A line of an export that names no film of the catalogue, or several.

    It is kept for the viewer: exported with the rest, and matched again when films are imported.
    Once a film is chosen by hand it stays, so that the next import knows the choice.
    """

    class Kind(models.TextChoices):
        RATING = "rating"
        SEEN = "seen"
        WATCHLIST = "watchlist"

        @property
        def rank(self) -> int:
            """A rating says more than having seen, and that more than wanting to."""
            return [self.WATCHLIST, self.SEEN, self.RATING].index(self)

    viewer = models.ForeignKey(Viewer, on_delete=models.CASCADE, related_name="unmatched")
    brought_by = models.ForeignKey(
        RatingsImport,
        on_delete=models.SET_NULL,
        null=True,
        related_name="unmatched",
        help_text="The last import that held it; none if it was a command",
    )
    kind = models.CharField(max_length=10, choices=Kind)
    title = models.CharField(max_length=300)
    other_title = models.CharField(max_length=300, blank=True)
    year = models.PositiveSmallIntegerField(null=True)
    imdb_id = models.PositiveIntegerField(null=True)
    movielens_id = models.PositiveIntegerField(null=True)
    is_film = models.BooleanField(default=True, help_text="Not a series, an episode or a game")
    stars = models.FloatField(null=True)
    day = models.DateField(null=True)
    candidates = models.JSONField(default=list, help_text="The films that could be meant")
    rejected = models.JSONField(default=list, help_text="The films that are not meant")
    movie = models.ForeignKey(
        Movie, on_delete=models.SET_NULL, null=True, related_name="+", help_text="Chosen by hand"
    )
    identity = models.CharField(max_length=64, help_text="The same for all lines on one film")

    objects = UnmatchedEntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "unmatched entries"
        ordering = ["title", "year", "id"]
        constraints = [
            models.UniqueConstraint(fields=["viewer", "identity"], name="one_unmatched_a_film"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.year})" if self.year else self.title
