"""Who watches, and how they rated what they saw."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID, uuid4

from django.conf import settings
from django.core.exceptions import EmptyResultSet, ValidationError
from django.db import connection, models, transaction
from django.db.models import Case, Count, F, Q, Subquery, Sum, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from recommendations.models.catalogue import Movie

if TYPE_CHECKING:
    from django.contrib.auth.models import User

#: The stars that can be given: halves from 0.5 to 5.0.
HALVES = [half / 2 for half in range(1, 11)]

#: A film rated so many stars or more is one that the viewer likes.
LIKED = 4.0

#: A film with so many ratings is well known.
WELL_KNOWN = 50


@dataclass(frozen=True)
class Taste:
    """How much there is to go by: a viewer's ratings, and the films that they like.

    Liked are those rated so, and those chosen as such without a rating.
    """

    ratings: int = 0
    liked: int = 0
    chosen: int = 0

    @property
    def is_known(self) -> bool:
        return bool(self.ratings or self.chosen)


class ViewerQuerySet(models.QuerySet["Viewer"]):
    def contributing(self) -> Self:
        """Those whose ratings count in the films' means and in training.

        Guests come and go, and a copy would count somebody's taste twice.
        """
        return self.filter(contributes())

    @transaction.atomic
    def delete_idle_guests(self, idle: timedelta) -> int:
        """Delete the guests who have not been here for so long; returns how many went."""
        last_seen = timezone.now() - idle
        guests = self.filter(kind=Viewer.Kind.GUEST, last_active_at__lt=last_seen)
        locked = list(guests.select_for_update().values_list("pk", flat=True))
        self.filter(pk__in=locked).delete()
        return len(locked)


class Viewer(models.Model):
    """Someone with ratings: a guest, an account, or an imported rater."""

    class Kind(models.TextChoices):
        GUEST = "guest"
        ACCOUNT = "account"
        IMPORTED = "imported"

    kind = models.CharField(max_length=10, choices=Kind, default=Kind.GUEST)
    display_name = models.CharField(max_length=150)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="viewer",
    )
    imported_id = models.PositiveBigIntegerField(
        null=True, blank=True, unique=True, help_text="The viewer's id in the data set"
    )
    is_copy = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Started from ratings of an imported viewer, which must not count twice",
    )
    taste_version = models.PositiveIntegerField(default=0, editable=False)
    feed_token = models.UUIDField(
        null=True, blank=True, unique=True, help_text="Who knows it may read the feed of picks"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_active_at = models.DateTimeField(default=timezone.now, editable=False)

    #: The address that this viewer asks from, while a request of theirs is answered.
    asks_from = ""

    objects = ViewerQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index("kind", "last_active_at", name="viewer_idle")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="account", user__isnull=False)
                | (~Q(kind="account") & Q(user__isnull=True)),
                name="accounts_have_a_user",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def contributes(self) -> bool:
        return self.kind != self.Kind.GUEST and not self.is_copy

    @property
    def is_nameless(self) -> bool:
        """A guest chooses what to be called; a copy has the name of whom it was copied from."""
        return self.kind == self.Kind.GUEST and not self.is_copy

    @classmethod
    def for_user(cls, user: "User") -> "Viewer":
        viewer, _ = cls.objects.get_or_create(
            user=user, defaults={"kind": cls.Kind.ACCOUNT, "display_name": user.get_username()}
        )
        return viewer

    def taste(self) -> Taste:
        liked = self.ratings.filter(stars__gte=LIKED)
        counted = (self.ratings.all(), liked, self.marks.chosen())
        counts = Viewer.objects.filter(pk=self.pk).values_list(*map(count_of, counted)).first()
        ratings, liked_ratings, chosen = counts or (0, 0, 0)
        return Taste(ratings, liked_ratings + chosen, chosen)

    def has_taste(self) -> bool:
        """Whether there is something for a prediction to go by."""
        return self.ratings.exists() or self.marks.chosen().exists()

    @transaction.atomic
    def rate(self, movie: Movie, stars: float, rated_at: datetime | None = None) -> "Rating":
        """Rate `movie`, or change what was rated; the taste version moves with it.

        Stars say more than any mark: those of the film go.
        """
        if stars not in HALVES:
            raise ValidationError(f"Stars go from 0.5 to 5.0 in halves, not {stars:g}.")
        before = self._rating_before_change(movie)
        rating, _ = Rating.objects.update_or_create(
            viewer=self,
            movie=movie,
            defaults={"stars": stars, "rated_at": rated_at or timezone.now()},
        )
        self.marks.filter(movie=movie).delete()
        self.count([movie.pk], 0 if before else 1, stars - (before.stars if before else 0))
        self.taste_changed()
        return rating

    @transaction.atomic
    def unrate(self, movie: Movie) -> bool:
        """Take the rating of `movie` back; False if there was none."""
        before = self._rating_before_change(movie)
        if before is None:
            return False
        before.delete()
        self.count([movie.pk], -1, -before.stars)
        self.taste_changed()
        return True

    def _rating_before_change(self, movie: Movie) -> "Rating | None":
        self.lock()
        return self.ratings.filter(movie=movie).first()

    def lock(self) -> None:
        # Before anything else is touched: a run that ends locks this row first too, so that it
        # either sees the change or leaves the way clear for the next request.
        Viewer.objects.select_for_update().filter(pk=self.pk).first()

    def touch(self) -> bool:
        """Note that the viewer is here; once a day is often enough. True if it was noted."""
        now = timezone.now()
        if now - self.last_active_at < timedelta(days=1):
            return False
        Viewer.objects.filter(pk=self.pk).update(last_active_at=now)
        return True

    def taste_changed(self) -> None:
        Viewer.objects.filter(pk=self.pk).update(
            taste_version=F("taste_version") + 1, last_active_at=timezone.now()
        )
        self.refresh_from_db(fields=["taste_version", "last_active_at"])

    def open_feed(self) -> UUID:
        """The token of the viewer's feed, made now if there is none."""
        Viewer.objects.filter(pk=self.pk, feed_token=None).update(feed_token=uuid4())
        self.refresh_from_db(fields=["feed_token"])
        assert self.feed_token
        return self.feed_token

    def renew_feed(self) -> UUID:
        """Another token; whoever reads by the old one finds nothing any more."""
        self.feed_token = uuid4()
        self.save(update_fields=["feed_token"])
        return self.feed_token

    def count(self, movies: Collection[int], ratings: int, stars: float) -> None:
        """Move the counts of each of these films by so many ratings and stars."""
        if self.contributes:
            Movie.objects.filter(pk__in=movies).update(
                rating_count=F("rating_count") + ratings, stars_sum=F("stars_sum") + stars
            )

    @transaction.atomic
    def copy_taste(self, other: "Viewer") -> None:
        """Start from all that `other` rated; `other` is not changed."""
        Rating.objects.bulk_create(
            [
                Rating(viewer=self, movie_id=movie, stars=stars, rated_at=rated_at)
                for movie, stars, rated_at in other.ratings.values_list(
                    "movie_id", "stars", "rated_at"
                )
            ],
            ignore_conflicts=True,
            batch_size=2000,
        )
        self.is_copy = True
        self.save(update_fields=["is_copy"])
        self.taste_changed()

    @transaction.atomic
    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        self.lock()
        rated = list(self.ratings.values_list("movie_id", flat=True)) if self.contributes else []
        deleted = super().delete(*args, **kwargs)
        recount(Movie.objects.filter(pk__in=rated))
        return deleted


def contributes(viewer: str = "") -> Q:
    """What is true of a viewer whose ratings count; `viewer` leads there from what is filtered.

    Not that the viewer is among those who do: SQLite would read all of them for one film's
    ratings, and PostgreSQL for each rating, of more viewers than fit into its work_mem.
    """
    lasting = [kind for kind in Viewer.Kind if kind != Viewer.Kind.GUEST]
    return Q(**{f"{viewer}kind__in": lasting, f"{viewer}is_copy": False})


def count_of(said: "models.QuerySet[Any]") -> Coalesce:
    """How many rows of one viewer there are, for a query that counts several things at once."""
    counted = said.order_by().values("viewer").annotate(count=Count("pk"))
    return Coalesce(Subquery(counted.values("count")), 0)


class RatingQuerySet(models.QuerySet["Rating"]):
    def contributed(self) -> Self:
        return self.filter(contributes("viewer__"))

    def favourites(self) -> Self:
        """The liked ones, the best first; of those the well known, then the latest.

        What is like a film that few have rated, nobody knows well.
        """
        well_known = Q(movie__rating_count__gte=WELL_KNOWN)
        return self.filter(stars__gte=LIKED).order_by(
            "-stars", Case(When(well_known, then=0), default=1), "-rated_at", "movie_id"
        )


class Rating(models.Model):
    viewer = models.ForeignKey(
        Viewer, on_delete=models.CASCADE, related_name="ratings", db_index=False
    )
    movie = models.ForeignKey(
        Movie, on_delete=models.CASCADE, related_name="ratings", db_index=False
    )
    stars = models.FloatField(choices=[(half, f"{half:.1f}") for half in HALVES])
    rated_at = models.DateTimeField(default=timezone.now)

    objects = RatingQuerySet.as_manager()

    class Meta:
        ordering = ["-rated_at", "-id"]
        indexes = [models.Index("movie", "stars", name="rating_histogram")]
        constraints = [
            models.UniqueConstraint(fields=["viewer", "movie"], name="one_rating_a_film"),
            models.CheckConstraint(condition=Q(stars__in=HALVES), name="stars_in_halves"),
        ]

    def __str__(self) -> str:
        return f"{self.movie}: {self.stars:.1f}"


UPDATE_COUNTS = """
    UPDATE recommendations_movie
    SET rating_count = counted.ratings_given, stars_sum = counted.stars_given
    FROM ({counted}) AS counted
    WHERE recommendations_movie.id = counted.film
"""


def recount(movies: models.QuerySet[Movie]) -> int:
    """Count the ratings of `movies` anew, in one statement; returns how many films there are.

    A subquery for each film, which is all that `QuerySet.update()` can say, took 40 times as long.
    """
    contributed = contributes("ratings__viewer__")
    counted = (
        movies.order_by()
        .values(film=F("pk"))
        .annotate(
            ratings_given=Count("ratings", filter=contributed),
            stars_given=Coalesce(Sum("ratings__stars", filter=contributed), 0.0),
        )
    )
    try:
        sql, params = counted.query.sql_with_params()
    except EmptyResultSet:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(UPDATE_COUNTS.format(counted=sql), params)
        return int(cursor.rowcount)
