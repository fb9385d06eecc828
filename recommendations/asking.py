"""Which film a viewer is asked about next."""

from typing import TYPE_CHECKING

import numpy as np
from django.db.models import Exists, OuterRef

from recommendations.engine.asking import KNOWN_BY, remembered, worth_asking
from recommendations.models import Movie, Neighbours, Scores, Viewer
from recommendations.models.trained_model import films_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from recommendations.models.catalogue import MovieQuerySet

#: So many of the most rated films are looked at.
ASKED_ABOUT = 400


def next_film(viewer: Viewer | None, asked: "Sequence[int]") -> Movie | None:
    """The film to ask about, after those of these ids; None when nothing is left to ask."""
    unknown = unknown_films(viewer).exclude(pk__in=asked).order_by("-rating_count", "id")
    rows = list(unknown.values_list("pk", "rating_count")[:ASKED_ABOUT])
    if not rows:
        return None
    films, raters = np.array(rows, np.int64).T
    fit = fit_of(viewer, films)
    near = np.isin(films, like(remembered(asked, fit)))
    best = worth_asking(raters, near, fit)[0]
    return in_full(int(films[best]))


def in_full(film: int) -> Movie | None:
    """With all that one recognises it by."""
    return Movie.objects.prefetch_related("genres", "credits__person").filter(pk=film).first()


def unknown_films(viewer: Viewer | None) -> "MovieQuerySet":
    """Films of which the viewer has said nothing, rated by anybody."""
    films = Movie.objects.filter(rating_count__gt=0)
    if viewer is None:
        return films
    rated = viewer.ratings.filter(movie=OuterRef("pk"))
    marked = viewer.marks.filter(movie=OuterRef("pk"))
    return films.exclude(Exists(rated)).exclude(Exists(marked))


def like(films: "Sequence[int]") -> list[int]:
    """Films that the active model finds similar to any of these."""
    rows = Neighbours.objects.filter(model__state="active", movie__in=films)
    return [film for near in rows.values_list("films", flat=True) for film in near]


def fit_of(viewer: Viewer | None, films: "NDArray[np.int64]") -> "NDArray[np.float64] | None":
    """What ranks these films for the viewer, by the stored scores; the least for one unknown."""
    if viewer is None or viewer.ratings.count() < KNOWN_BY:
        return None
    scores = Scores.objects.filter(viewer=viewer).first()
    if scores is None:
        return None
    known = films_of(scores.model_id)
    fit = np.frombuffer(scores.fit, np.float16).astype(np.float64)
    places = np.minimum(np.searchsorted(known, films), len(known) - 1)
    return np.where(known[places] == films, fit[places], fit.min())
