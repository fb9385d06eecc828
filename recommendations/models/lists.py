"""Lists of films that viewers make themselves."""

from django.db import models
from django.utils import timezone

from recommendations.models.catalogue import Movie
from recommendations.models.taste import Viewer


class MovieList(models.Model):
    viewer = models.ForeignKey(Viewer, on_delete=models.CASCADE, related_name="lists")
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=500, blank=True)
    share_token = models.UUIDField(
        null=True, blank=True, unique=True, help_text="Who knows it may see the list"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    movies = models.ManyToManyField(Movie, through="ListEntry", related_name="lists")

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["viewer", "name"], name="one_list_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


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
