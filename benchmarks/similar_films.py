"""How similar films are found: by the year, by genre, and by what the same viewers loved.

    python -m benchmarks.similar_films --dataset ml-latest-small --film "Heat (1995)"

Of the ten nearest of each of the 300 most rated films, over all those pairs:

- within a year:  the share whose years of release differ by at most one;
- genre cosine:   the mean cosine of the two films' 0/1 genre vectors, 0 if one has no genre;
- support:        the median number of ratings of the neighbour.

As a check that genres do not win everything, with `--seed`, from three quarters of each film's
ratings (`stratified_by_item`):

- loved together: for a film that a viewer gave 5 stars in training, the share of its ten nearest
  that the same viewer gave 5 stars in the test; the mean over viewers of all their such films.
"""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recommendations.engine.features import give
from recommendations.engine.splits import stratified_by_item
from recommendations.evaluating import read_dataset
from recommendations.importers.movielens import Reading
from recommendations.importers.report import silent
from recommendations.importers.sources import find_dataset, open_dataset
from recommendations.training import algorithm

if TYPE_CHECKING:
    from recommendations.engine.contract import Model
    from recommendations.engine.ratings import Ratings
    from recommendations.engine.splits import RatingLog, Split

MOST_RATED = 300
NEAREST = 10
LOVED = 5.0


class Measures(NamedTuple):
    within_a_year: float
    genre_cosine: float
    support: float


def with_neighbours(name: str, log: "RatingLog", ratings: "Ratings", features: bool) -> "Model":
    model = algorithm(name)()
    known = log.features if features else None
    give(model, known)
    model.fit(ratings)
    started = time.monotonic()
    model.find_neighbours(ratings, known)
    print(f"neighbours found in {time.monotonic() - started:.1f} s")
    return model


def nearest(model: "Model", film: int) -> list[int]:
    return [other for other, _ in model.similar(film, NEAREST)]


def measure(model: "Model", log: "RatingLog") -> Measures:
    assert log.features
    films = log.features.of(model.film_ids)
    most_rated = np.argsort(-model.support, kind="stable")[:MOST_RATED]
    pairs = np.array([(film, other) for film in most_rated for other in nearest(model, film)])
    one, other = pairs.T
    lengths = np.sqrt(films.genres.sum(axis=1))
    shared = (films.genres[one] & films.genres[other]).sum(axis=1)
    return Measures(
        float(np.mean(np.abs(films.years[one] - films.years[other]) <= 1)),
        float(np.mean(shared / np.maximum(lengths[one] * lengths[other], 1))),
        float(np.median(model.support[other])),
    )


def loved_together(model: "Model", log: "RatingLog", split: "Split") -> float:
    loved = log.stars >= LOVED
    known = log.by_viewer(split.train[loved[split.train]])
    tested = log.by_viewer(split.test[loved[split.test]])
    shares = []
    for viewer in known.keys() & tested.keys():
        theirs = np.searchsorted(model.film_ids, log.films[known[viewer]])
        lists = [model.film_ids[nearest(model, film)] for film in theirs]
        hits = [np.isin(films, log.films[tested[viewer]]) for films in lists if len(films)]
        if hits:
            shares.append(np.mean(np.concatenate(hits)))
    return float(np.mean(shares))


def titles_of(dataset: str) -> dict[int, str]:
    place = find_dataset(dataset)
    assert isinstance(place, Path), "it has been read before"
    opened = open_dataset(place)
    films = Reading(opened, silent).rows(opened.layout.films)
    return {film.id: f"{film.title} ({film.year})" for film in films}


def show(model: "Model", titles: dict[int, str], wanted: str) -> None:
    found = [film for film, raw in enumerate(model.film_ids.tolist()) if wanted in titles[raw]]
    if not found:
        raise SystemExit(f"No rated film has {wanted!r} in its title.")
    film = max(found, key=lambda film: model.support[film])
    for place in (film, *nearest(model, film)):
        margin = "" if place == film else "    "
        print(f"{margin}{titles[int(model.film_ids[place])]}, {model.support[place]} ratings")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dataset", default="ml-latest-small", help="as evaluate takes it")
    parser.add_argument("--algorithm", default="ease")
    parser.add_argument("--no-features", action="store_true", help="by ratings alone")
    parser.add_argument("--film", action="append", default=[], help="part of a title")
    parser.add_argument("--seed", type=int, help="measure what was loved together, on this split")
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    log, _ = read_dataset(asked.dataset)
    everything = log.ratings(np.arange(len(log)))
    model = with_neighbours(asked.algorithm, log, everything, not asked.no_features)
    found = measure(model, log)
    print(f"within a year   {found.within_a_year:.3f}")
    print(f"genre cosine    {found.genre_cosine:.3f}")
    print(f"support         {found.support:.0f}")
    if asked.seed is not None:
        split = stratified_by_item(log.films, asked.seed)
        part = with_neighbours(
            asked.algorithm, log, log.ratings(split.train), not asked.no_features
        )
        print(f"loved together  {loved_together(part, log, split):.4f}")
    titles = titles_of(asked.dataset) if asked.film else {}
    for wanted in asked.film:
        show(model, titles, wanted)


if __name__ == "__main__":
    main()
