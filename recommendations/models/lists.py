"""Lists of films that viewers make themselves."""

from typing import Self
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Count, Exists, OuterRef, Prefetch
from django.utils import timezone

from recommendations.models.catalogue import Movie
from recommendations.models.taste import Viewer

#: A viewer has so many lists at most, and a list so many films.
MOST_LISTS = 100
MOST_FILMS = 1_000

#: Films that stand for a list in an overview.
SAMPLED = 4


class MovieListQuerySet(models.QuerySet["MovieList"]):
    def counted(self) -> Self:
        return self.annotate(film_count=Count("entries"))

    def sampled(self) -> Self:
        """With the films that were added last, as `sample`."""
        latest = ListEntry.objects.select_related("movie").order_by("-added_at", "-id")
        return self.prefetch_related(Prefetch("entries", latest[:SAMPLED], to_attr="sample"))

    def telling_of(self, movie: Movie) -> Self:
        """With whether each holds `movie`, as `holds`."""
        return self.annotate(
            holds=Exists(ListEntry.objects.filter(list=OuterRef("pk"), movie=movie))
        )


class MovieList(models.Model):
    viewer = models.ForeignKey(Viewer, on_delete=models.CASCADE, related_name="lists")
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=500, blank=True)
    share_token = models.UUIDField(
        null=True, blank=True, unique=True, help_text="Who knows it may see the list"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    movies = models.ManyToManyField(Movie, through="ListEntry", related_name="lists")

    objects = MovieListQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["viewer", "name"], name="one_list_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    @transaction.atomic
    def make(cls, viewer: Viewer, name: str, description: str = "") -> "MovieList":
        """A new list; refused, with a message for its field, if it cannot be."""
        viewer.lock()
        if viewer.lists.count() >= MOST_LISTS:
            raise ValidationError(f"You have {MOST_LISTS} lists, which is the most there can be.")
        made = cls(viewer=viewer, name=name, description=description)
        made.refuse_a_name_twice()
        made.save()
        return made

    @transaction.atomic
    def describe(self, name: str, description: str) -> None:
        """Rename the list and say what it is."""
        self.viewer.lock()
        self.name, self.description = name, description
        self.refuse_a_name_twice()
        self.save(update_fields=["name", "description"])

    def refuse_a_name_twice(self) -> None:
        """Capitals make no other name; the viewer's row is locked, so that none comes between."""
        others = MovieList.objects.filter(viewer=self.viewer).exclude(pk=self.pk)
        if others.filter(name__iexact=self.name).exists():
            raise ValidationError({"name": f"You have a list called “{self.name}” already."})

    @transaction.atomic
    def add(self, movie: Movie) -> bool:
        """Put `movie` on the list; False if it was there before."""
        MovieList.objects.select_for_update().get(pk=self.pk)
        if self.entries.filter(movie=movie).exists():
            return False
        if self.entries.count() >= MOST_FILMS:
            raise ValidationError(
                f"“{self}” holds {MOST_FILMS:,} films, which is as many as a list can."
            )
        self.entries.create(movie=movie)
        return True

    def remove(self, movie: Movie) -> bool:
        """Take `movie` off the list; False if it was not there."""
        gone, _ = self.entries.filter(movie=movie).delete()
        return bool(gone)

    def share(self) -> UUID:
        """Let whoever knows the token see the list; the token stays while it is shared."""
        unshared = MovieList.objects.filter(pk=self.pk, share_token=None)
        unshared.update(share_token=uuid4())
        self.refresh_from_db(fields=["share_token"])
        assert self.share_token
        return self.share_token

    def stop_sharing(self) -> None:
        """The token dies: sharing the list again makes another."""
        self.share_token = None
        self.save(update_fields=["share_token"])


class ListEntry(models.Model):
    list = models.ForeignKey(MovieList, on_delete=models.CASCADE, related_name="entries")
    movie = models.ForeignKey(Movie, on_delete=models.CASCADE, related_name="list_entries")
    added_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "list entries"
        ordering = ["added_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["list", "movie"], name="one_entry_a_film"),
        ]

    def __str__(self) -> str:
        return f"{self.movie} in {self.list}"
