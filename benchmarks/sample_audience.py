"""Whether the sample's simulated audience behaves like one. Its figures are never quoted as
quality: they are of the simulation.

python -m benchmarks.sample_audience
"""

from collections.abc import Iterator

import numpy as np

from recommendations.engine.ease import EASE
from recommendations.engine.evaluation import evaluate
from recommendations.engine.popularity import Popularity
from recommendations.engine.splits import RatingLog
from recommendations.evaluating import read_dataset
from recommendations.importers.films import KnownFilm, known_films
from recommendations.importers.rows import TELLING_GENRES
from recommendations.importers.sample import SAMPLE

SEEDS = (42, 43, 44)
MOST_RATED, SIMILAR = 200, 5


def main() -> None:
    log, _ = read_dataset(SAMPLE)
    for line in (*counts(log), *dates(log), ranking(log), similarity(log)):
        print(line)


def counts(log: RatingLog) -> Iterator[str]:
    yield f"{len(log):,} ratings, mean {log.stars.mean():.2f} (3.4 to 3.7)"
    for name, ids in (("viewer", log.users), ("film", log.films)):
        found = np.unique_counts(ids).counts
        logs = np.log(found)
        skew = np.mean((logs - logs.mean()) ** 3) / logs.std() ** 3
        quartiles = np.percentile(found, [0, 10, 50, 90, 100]).astype(int).tolist()
        yield (
            f"{len(found):,} {name}s; ratings of each (least, 10 %, median, 90 %, most) "
            f"{quartiles}; their logarithm: deviation {logs.std():.2f}, skewness {skew:+.2f} (0)"
        )
    stars, given = np.unique(log.stars, return_counts=True)
    shares = "  ".join(
        f"{each:g}: {share:.1%}" for each, share in zip(stars, given / len(log), strict=True)
    )
    yield f"stars {shares}"


def dates(log: RatingLog) -> Iterator[str]:
    years = log.seconds.astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970
    released = np.array([film.year for film in known_films()])[log.films - 1]
    yield (
        f"rated from {years.min()} to {years.max()}; {np.mean(years < released):.1%} before the "
        f"film's year (0 %); {np.mean(years == released):.1%} in it"
    )


def ranking(log: RatingLog) -> str:
    ease, popularity = (
        evaluate(model, log, seeds=SEEDS).mean["ndcg"] for model in (EASE, Popularity)
    )
    return (
        f"nDCG@10 of EASE {ease:.3f}, of popularity {popularity:.3f}: "
        f"ratio {ease / popularity:.2f} (1.5 to 2.5)"
    )


def similarity(log: RatingLog) -> str:
    ratings = log.ratings(np.arange(len(log)))
    model = Popularity().fit(ratings)
    model.find_neighbours(ratings)
    films = known_films()
    pairs = [
        (films[model.film_ids[film] - 1], films[model.film_ids[other] - 1])
        for film in np.argsort(-model.support, kind="stable")[:MOST_RATED].tolist()
        for other, _ in model.similar(film, SIMILAR)
    ]
    share = np.mean([related(*pair) for pair in pairs])
    by_chance = np.mean([related(a, b) for a in films[::7] for b in films[::7] if a is not b])
    return (
        f"similar films of the {MOST_RATED} most rated share director or main genre "
        f"{share:.0%} (60 % or more; any two films: {by_chance:.0%})"
    )


def related(a: KnownFilm, b: KnownFilm) -> bool:
    return bool(set(a.directors) & set(b.directors)) or main_genre(a) == main_genre(b)


def main_genre(film: KnownFilm) -> str:
    return next((genre for genre in TELLING_GENRES if genre in film.genres), "")


if __name__ == "__main__":
    main()
