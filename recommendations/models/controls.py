"""What a viewer wants of the picks just now, whatever the taste."""

from functools import cached_property
from typing import Self

from django.db import models
from django.db.models import Q

from recommendations.models.catalogue import Genre, Movie, MovieQuerySet
from recommendations.models.taste import Viewer

#: From the mainstream (negative) to the niche (positive).
LEANINGS = range(-3, 4)
HOW_MUCH = ["", "a little more", "more", "much more"]


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

    @classmethod
    def of(cls, viewer: Viewer | None) -> Self:
        """The viewer's controls, looked up once; neutral ones, not stored, if there are none."""
        found = getattr(viewer, "controls", None)
        return found if isinstance(found, cls) else cls(viewer=viewer)

    @cached_property
    def left_out(self) -> list[Genre]:
        return list(self.without.all()) if self.pk else []

    @property
    def restricts(self) -> bool:
        """Whether some films are not wanted at all."""
        return bool(self.first_year or self.last_year or self.left_out)

    @property
    def is_neutral(self) -> bool:
        return not (self.leaning or self.restricts)

    def admitted(self, films: MovieQuerySet) -> MovieQuerySet:
        """Those of `films` that are of the years, and of no genre that is left out."""
        films = films.made(self.first_year, self.last_year)
        return films.exclude(genres__in=self.left_out) if self.left_out else films

    def admitted_of(self, films: set[int]) -> set[int]:
        """Those of these films, by id."""
        if not (films and self.restricts):
            return films
        return set(self.admitted(Movie.objects.filter(pk__in=films)).values_list("pk", flat=True))

    @property
    def words(self) -> list[str]:
        """What is set: "more niche", "1980–1999", "without Horror"."""
        without = " or ".join(genre.name for genre in self.left_out)
        said = [self._leaning, self._years, f"without {without}" if without else ""]
        return [words for words in said if words]

    @property
    def _leaning(self) -> str:
        kind = "niche" if self.leaning > 0 else "mainstream"
        return f"{HOW_MUCH[abs(self.leaning)]} {kind}" if self.leaning else ""

    @property
    def _years(self) -> str:
        if self.first_year and self.last_year:
            return f"{self.first_year}–{self.last_year}"
        if self.first_year:
            return f"since {self.first_year}"
        return f"until {self.last_year}" if self.last_year else ""
