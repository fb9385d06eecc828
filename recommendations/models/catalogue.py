"""The films a site knows, and what is known about them."""

import re
from functools import lru_cache
from typing import Self

from django.db import models
from django.db.models import F, Q, Subquery, Value
from django.db.models.functions import Lower, NullIf
from django.urls import get_script_prefix, reverse
from django.utils import timezone

#: A film needs so many ratings before a mean of them says anything about it.
SUPPORT = 10

#: The damped mean starts from so many ratings of so many stars (MovieLens' overall mean).
PRIOR_COUNT = 5
PRIOR_STARS = 3.5

#: "New" means made in so many years up to the newest film of the catalogue.
NEW_YEARS = 4


@lru_cache(maxsize=2**14)
def _film_url(_prefix: str, film: int) -> str:
    # A page links two hundred films, and finding an address takes a tenth of drawing one.
    return reverse("film", args=[film])


class Catalogue(models.Model):
    """The one data set that this database holds."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(max_length=100, help_text="The data set, such as ml-latest-small")
    simulated = models.BooleanField(
        default=False, help_text="Nobody gave the ratings of this data set"
    )
    changed_at = models.DateTimeField(auto_now=True, help_text="When films last changed")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="one_catalogue"),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def version(cls) -> tuple[object, ...]:
        """Differs whenever films were imported, added, edited or removed.

        Imports and the admin move `changed_at`. Counting the films took longer than a search.
        """
        changed = cls.objects.values_list("changed_at", flat=True).first()
        newest = Movie.objects.order_by("-pk").values_list("pk", flat=True).first()
        return changed, newest

    @classmethod
    def touch(cls) -> None:
        """Note that films changed, for what was read from them before."""
        cls.objects.update(changed_at=timezone.now())


class Genre(models.Model):
    name = models.CharField(max_length=50, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Person(models.Model):
    name = models.CharField(max_length=200, unique=True)

    class Meta:
        verbose_name_plural = "people"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class MovieQuerySet(models.QuerySet["Movie"]):
    def supported(self) -> Self:
        """Films that enough people rated to be shown without being asked for."""
        return self.filter(rating_count__gte=SUPPORT)

    def of_genre(self, name: str) -> Self:
        return self.filter(genres__name=name)

    def of_decade(self, first: int) -> Self:
        return self.filter(year__gte=first, year__lt=first + 10)

    def made(self, first: int | None, last: int | None) -> Self:
        """From one year to another; a film of unknown year only if all years will do."""
        films = self.filter(year__gte=first) if first else self
        return films.filter(year__lte=last) if last else films

    def popular(self) -> Self:
        return self.supported().order_by("-rating_count", "id")

    def new_and_well_liked(self) -> Self:
        newest = Movie.objects.filter(year__isnull=False).order_by("-year").values("year")[:1]
        return (
            self.supported()
            .filter(year__gt=Subquery(newest) - Value(NEW_YEARS))
            .order_by("-damped_mean", "id")
        )


class Movie(models.Model):
    id = models.PositiveIntegerField(
        primary_key=True, help_text="The film's id in the data set, such as MovieLens"
    )
    title = models.CharField(max_length=300)
    year = models.PositiveSmallIntegerField(null=True, blank=True)
    genres = models.ManyToManyField(Genre, related_name="movies", blank=True)
    main_genre = models.CharField(
        max_length=50, blank=True, editable=False, help_text="The genre its poster is drawn for"
    )
    imdb_id = models.PositiveIntegerField("IMDb id", null=True, blank=True)
    tmdb_id = models.PositiveIntegerField("TMDB id", null=True, blank=True)
    runtime = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Length in minutes"
    )
    country = models.CharField(max_length=100, blank=True)
    poster_path = models.CharField(
        max_length=100, blank=True, help_text="The poster's path at TMDB, beginning with a slash"
    )
    details_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When TMDB was last asked"
    )
    people = models.ManyToManyField(Person, through="Credit", related_name="movies")
    rating_count = models.PositiveIntegerField(default=0, editable=False)
    stars_sum = models.FloatField(default=0, editable=False)
    mean_stars = models.GeneratedField(
        expression=F("stars_sum") / NullIf(F("rating_count"), Value(0)),
        output_field=models.FloatField(null=True),
        db_persist=True,
    )
    damped_mean = models.GeneratedField(
        expression=(F("stars_sum") + PRIOR_COUNT * PRIOR_STARS)
        / (F("rating_count") + PRIOR_COUNT),
        output_field=models.FloatField(),
        db_persist=True,
        help_text=f"The mean with {PRIOR_COUNT} ratings of {PRIOR_STARS} stars added to it",
    )

    objects = MovieQuerySet.as_manager()

    class Meta:
        ordering = ["title", "year", "id"]
        indexes = [
            models.Index(F("rating_count").desc(), "id", name="movie_popularity"),
            models.Index(F("damped_mean").desc(), "id", name="movie_liked"),
            models.Index(F("year").desc(), F("rating_count").desc(), "id", name="movie_newest"),
            models.Index(Lower("title"), "id", name="movie_title"),
            models.Index(
                "year",
                "damped_mean",
                name="movie_new_and_liked",
                condition=Q(rating_count__gte=SUPPORT),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.year})" if self.year else self.title

    def get_absolute_url(self) -> str:
        return _film_url(get_script_prefix(), self.pk)

    @property
    def short_title(self) -> str:
        """Without the names it has elsewhere, which MovieLens adds in brackets."""
        short = re.sub(r"(\s+\([^()]*\))+$", "", self.title)
        return short if short and not short.endswith(" Or") else self.title

    @property
    def other_titles(self) -> str:
        """The names in brackets: "(a.k.a. Se7en)"."""
        return self.title.removeprefix(self.short_title).strip()

    @property
    def imdb_url(self) -> str:
        return f"https://www.imdb.com/title/tt{self.imdb_id:07}/" if self.imdb_id else ""

    @property
    def tmdb_url(self) -> str:
        return f"https://www.themoviedb.org/movie/{self.tmdb_id}" if self.tmdb_id else ""


class Credit(models.Model):
    class Role(models.TextChoices):
        DIRECTOR = "director"
        CAST = "cast"

    movie = models.ForeignKey(Movie, on_delete=models.CASCADE, related_name="credits")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="credits")
    role = models.CharField(max_length=10, choices=Role)
    position = models.PositiveSmallIntegerField(default=0, help_text="Order of billing")

    class Meta:
        ordering = ["role", "position"]
        constraints = [
            models.UniqueConstraint(fields=["movie", "person", "role"], name="one_credit_a_role"),
        ]

    def __str__(self) -> str:
        return f"{self.person}, {self.get_role_display()} of {self.movie}"


class MovieTag(models.Model):
    """A word that viewers put on a film, and how many did."""

    movie = models.ForeignKey(Movie, on_delete=models.CASCADE, related_name="tags", db_index=False)
    name = models.CharField(max_length=200)
    count = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-count", "name"]
        constraints = [
            models.UniqueConstraint(fields=["movie", "name"], name="one_row_a_tag"),
        ]

    def __str__(self) -> str:
        return self.name
