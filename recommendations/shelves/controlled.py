"""Top picks as the taste controls want them, from stored scores and so without a run."""

from typing import TYPE_CHECKING, Any

import numpy as np

from recommendations.franchises import group
from recommendations.models import Movie, Scores, TasteControls
from recommendations.models.marks import done_with
from recommendations.shelves.base import STORED, few_of_each

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What one step of the leaning weighs against a film's rank.
LEANS = 0.4

#: The picks are the first of so many times as many, of which too many may be of one franchise.
SPARE = 4


def as_stored(controls: TasteControls) -> dict[str, Any] | None:
    """*Top picks* under the controls as a run would store it; None if the run's own will do."""
    scores: Scores | None = getattr(controls.viewer, "scores", None)
    if controls.is_neutral or scores is None:
        return None
    films = top_picks(scores, controls, STORED)
    stars = scores.predicted_stars(film.pk for film in films)
    return {
        "title": ", ".join(["Top picks", *controls.words]),
        "reason": "by your taste controls",
        "items": [{"movie": film.pk, "stars": stars[film.pk], "because": []} for film in films],
    }


def top_picks(scores: Scores, controls: TasteControls, count: int) -> list[Movie]:
    """The best films for the viewer of the scores, under the controls."""
    ids, support = _eligible(scores, controls)
    fit = scores.fit_of(ids)
    known = ~np.isnan(fit)
    ids, support, fit = ids[known], support[known], fit[known]
    best = ids[controlled(fit, support, controls.leaning)[: SPARE * count]].tolist()
    films = Movie.objects.in_bulk(best)
    # Of these alone: the franchises of a large catalogue take seconds to find.
    franchises = group({film: movie.title for film, movie in films.items()})
    return [films[film] for film in few_of_each(franchises.get, best, count)]


def controlled(
    fit: "NDArray[np.floating]", support: "NDArray[np.int64]", leaning: int
) -> "NDArray[np.intp]":
    """The order of films that fit so well and were rated so often, the best first.

    A film's place by fit is what counts, on a logarithmic scale, for models differ in theirs; the
    leaning moves it by how popular the film is, in standard deviations of the logarithm.
    """
    order = np.argsort(-fit, kind="stable")
    if not leaning:
        return order
    popularity = np.log(support[order])
    unusual = (popularity - popularity.mean()) / (popularity.std() or 1)
    worth = np.log(1 + np.arange(len(order))) + LEANS * leaning * unusual
    return order[np.argsort(worth, kind="stable")]


def _eligible(
    scores: Scores, controls: TasteControls
) -> "tuple[NDArray[np.int32], NDArray[np.int64]]":
    """The films that may be picked, by id, and how many rated each."""
    rows = controls.admitted(Movie.objects.supported()).order_by("id")
    films = np.array([*rows.values_list("pk", "rating_count")], np.int64).reshape(-1, 2)
    films = films[~np.isin(films[:, 0], list(done_with(scores.viewer)))]
    return films[:, 0].astype(np.int32), films[:, 1]
