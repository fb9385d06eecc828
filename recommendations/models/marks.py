"""What a viewer says of a film without giving it stars."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from django.db import models, transaction
from django.utils import timezone

from recommendations.models.catalogue import Movie
from recommendations.models.taste import Rating, Viewer


class MarkQuerySet(models.QuerySet["Mark"]):
    def out_of_sight(self) -> Self:
        """Marks on films that are not to be recommended any more."""
        return self.filter(kind__in=OUT_OF_SIGHT)

    def telling(self) -> Self:
        """Marks that say something of the viewer's taste."""
        return self.filter(kind__in=TELLING)

    def chosen(self) -> Self:
        """Marks on films that the viewer likes, as good as a rating to go by."""
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
    def put(
        cls, viewer: Viewer, movie: Movie, kind: "Mark.Kind", marked_at: datetime | None = None
    ) -> bool:
        """Mark `movie`, in place of what the mark contradicts; False if that changed nothing.

        A rated film is seen, and its stars say how much it was liked: it is not marked so too.
        """
        viewer.lock()
        if kind in SAID_BY_STARS and viewer.ratings.filter(movie=movie).exists():
            return False
        before = kinds_of(viewer, movie)
        after = (before - TAKEN_BACK_BY[kind]) | {kind}
        return _change(viewer, movie, before, after, marked_at)

    @classmethod
    @transaction.atomic
    def take_back(cls, viewer: Viewer, movie: Movie, kind: "Mark.Kind") -> bool:
        """Remove the mark; False if there was none."""
        viewer.lock()
        before = kinds_of(viewer, movie)
        return _change(viewer, movie, before, before - {kind})


#: Films marked so are not to be recommended any more.
OUT_OF_SIGHT = frozenset({Mark.Kind.SEEN, Mark.Kind.HIDDEN, Mark.Kind.LESS})

#: Marks that change what is predicted for the viewer.
TELLING = frozenset({Mark.Kind.MORE, Mark.Kind.LESS})

#: What a rating says more exactly.
SAID_BY_STARS = frozenset({Mark.Kind.SEEN, Mark.Kind.MORE, Mark.Kind.LESS})

#: The marks that a mark contradicts. What was seen need not be watched for.
TAKEN_BACK_BY = {
    Mark.Kind.SEEN: {Mark.Kind.WATCHLIST},
    Mark.Kind.WATCHLIST: {Mark.Kind.HIDDEN, Mark.Kind.LESS},
    Mark.Kind.HIDDEN: {Mark.Kind.WATCHLIST},
    Mark.Kind.LESS: {Mark.Kind.WATCHLIST, Mark.Kind.MORE},
    Mark.Kind.MORE: {Mark.Kind.HIDDEN, Mark.Kind.LESS},
}

#: The stars that a mark stands for in a prediction. They are no ratings: they count in no mean and
#: in no training. *Less like this* stands for none: to a ranker even half a star says "watched",
#: and brings films like it up (see `recommendations.pipeline.lowering`).
EVIDENCE = {Mark.Kind.MORE: 4.5}


def evidence(viewer: Viewer) -> dict[int, float]:
    """What a prediction goes by: stars by film, of ratings and of marks on films without one."""
    marks = viewer.marks.chosen().values_list("movie_id", "kind")
    ratings = viewer.ratings.values_list("movie_id", "stars")
    stars = {film: EVIDENCE[Mark.Kind(kind)] for film, kind in marks} | dict(ratings)
    return dict(sorted(stars.items()))


def done_with(*viewers: Viewer) -> set[int]:
    """Films that are not to be recommended to these viewers: somebody rated or marked them so."""
    rated = Rating.objects.filter(viewer__in=viewers).order_by().values_list("movie_id", flat=True)
    marked = Mark.objects.out_of_sight().filter(viewer__in=viewers).order_by()
    return {*rated, *marked.values_list("movie_id", flat=True)}


def unwanted(viewer: Viewer) -> list[int]:
    """The films of which the viewer wants less, but for those that were rated since."""
    less = viewer.marks.filter(kind=Mark.Kind.LESS)
    rated = viewer.ratings.values("movie_id")
    return list(less.exclude(movie_id__in=rated).values_list("movie_id", flat=True))


def kinds_of(viewer: Viewer, movie: Movie) -> frozenset[Mark.Kind]:
    return frozenset(
        Mark.Kind(kind) for kind in viewer.marks.filter(movie=movie).values_list("kind", flat=True)
    )


def _change(
    viewer: Viewer,
    movie: Movie,
    before: AbstractSet[Mark.Kind],
    after: AbstractSet[Mark.Kind],
    marked_at: datetime | None = None,
) -> bool:
    if before == after:
        return False
    if gone := before - after:
        viewer.marks.filter(movie=movie, kind__in=gone).delete()
    Mark.objects.bulk_create(
        Mark(viewer=viewer, movie=movie, kind=kind, marked_at=marked_at or timezone.now())
        for kind in sorted(after - before)
    )
    if TELLING & (before ^ after):
        viewer.taste_changed()
    return True


@dataclass(frozen=True)
class Opinion:
    """All that one viewer has said of one film, and when it was rated."""

    stars: float | None = None
    kinds: frozenset[Mark.Kind] = frozenset()
    rated_at: datetime | None = field(default=None, compare=False)

    @classmethod
    def of(cls, viewer: Viewer | None, movie: Movie) -> "Opinion":
        if viewer is None:
            return cls()
        stars, rated_at = viewer.ratings.filter(movie=movie).values_list(
            "stars", "rated_at"
        ).first() or (None, None)
        return cls(stars, kinds_of(viewer, movie), rated_at)

    @transaction.atomic
    def restore(self, viewer: Viewer, movie: Movie) -> None:
        """Make this what the viewer says of the film, whatever was said since."""
        viewer.lock()
        now = Opinion.of(viewer, movie)
        if self.stars is None:
            viewer.unrate(movie)
        elif self.stars != now.stars or self.rated_at not in {None, now.rated_at}:
            viewer.rate(movie, self.stars, self.rated_at)
        _change(viewer, movie, kinds_of(viewer, movie), self.kinds)
