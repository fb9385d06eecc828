"""What a viewer says of a film without giving it stars."""

from typing import Self

from django.db import models, transaction
from django.utils import timezone

from recommendations.models.catalogue import Movie
from recommendations.models.taste import Viewer


class MarkQuerySet(models.QuerySet["Mark"]):
    def out_of_sight(self) -> Self:
        """Marks on films that are not to be recommended any more."""
        return self.filter(kind__in=[Mark.Kind.SEEN, Mark.Kind.HIDDEN, Mark.Kind.LESS])

    def telling(self) -> Self:
        """Marks that say something of the viewer's taste."""
        return self.filter(kind__in=EVIDENCE)


class Mark(models.Model):
    class Kind(models.TextChoices):
        SEEN = "seen"
        WATCHLIST = "watchlist"
        HIDDEN = "hidden", "not interested"
        LESS = "less", "less like this"
        MORE = "more", "more like this"

    viewer = models.ForeignKey(
        Viewer, on_delete=models.CASCADE, related_name="marks", db_index=False
    )
    movie = models.ForeignKey(Movie, on_delete=models.CASCADE, related_name="marks")
    kind = models.CharField(max_length=10, choices=Kind)
    marked_at = models.DateTimeField(default=timezone.now)

    objects = MarkQuerySet.as_manager()

    class Meta:
        ordering = ["-marked_at", "-id"]
        indexes = [models.Index("viewer", "kind", "marked_at", name="mark_list")]
        constraints = [
            models.UniqueConstraint(fields=["viewer", "movie", "kind"], name="one_mark_a_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.movie}: {self.get_kind_display()}"

    @classmethod
    @transaction.atomic
    def put(cls, viewer: Viewer, movie: Movie, kind: "Mark.Kind") -> bool:
        """Mark `movie`; False if it was so before. What was seen need not be watched for."""
        viewer.lock()
        _, new = cls.objects.get_or_create(viewer=viewer, movie=movie, kind=kind)
        if kind == cls.Kind.SEEN:
            viewer.marks.filter(movie=movie, kind=cls.Kind.WATCHLIST).delete()
        if new and kind in EVIDENCE:
            viewer.taste_changed()
        return new

    @classmethod
    @transaction.atomic
    def take_back(cls, viewer: Viewer, movie: Movie, kind: "Mark.Kind") -> bool:
        """Remove the mark; False if there was none."""
        viewer.lock()
        gone, _ = viewer.marks.filter(movie=movie, kind=kind).delete()
        if gone and kind in EVIDENCE:
            viewer.taste_changed()
        return bool(gone)


#: The stars that a mark stands for in a prediction. They are no ratings: they count in no mean and
#: in no training.
EVIDENCE = {Mark.Kind.MORE: 4.5, Mark.Kind.LESS: 0.5}


def evidence(viewer: Viewer) -> dict[int, float]:
    """What a prediction goes by: stars by film, of ratings and of marks on films without one."""
    marks = viewer.marks.telling().order_by("movie_id").values_list("movie_id", "kind")
    ratings = viewer.ratings.order_by("movie_id").values_list("movie_id", "stars")
    stars = {film: EVIDENCE[Mark.Kind(kind)] for film, kind in marks} | dict(ratings)
    return dict(sorted(stars.items()))
