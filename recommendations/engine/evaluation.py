"""One model put through a protocol: how well it ranks films or predicts stars, at what cost."""

import resource
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recommendations.engine import metrics, splits
from recommendations.engine.contract import History, Model
from recommendations.engine.features import give
from recommendations.engine.holdout import is_held_out
from recommendations.engine.progress import Steps, unwatched
from recommendations.engine.ratings import Ratings
from recommendations.engine.splits import Case, RatingLog, Split
from recommendations.engine.tested import Examiner, Tested

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from recommendations.engine.splits import Ids, Rows

#: By name: nDCG and its like from 0 to 1, novelty in bits, errors in stars, costs in the unit
#: that the name ends in.
Figures = dict[str, float]


class Protocol(StrEnum):
    STRATIFIED_BY_ITEM = "stratified-by-item"
    KFOLD = "kfold"
    LEAVE_LAST_OUT = "leave-last-out"

    @property
    def ranks(self) -> bool:
        return self is not Protocol.KFOLD

    @property
    def default_seed(self) -> int:
        return 42 if self is Protocol.STRATIFIED_BY_ITEM else 0


@dataclass(frozen=True)
class Run:
    seed: int
    figures: Figures


@dataclass(frozen=True)
class Evaluation:
    """What was measured of one model: the figures of each seed, and their mean.

    For the protocols that rank, `figures` has ndcg, map, precision, recall, liked_ndcg,
    disliked_hits, coverage and novelty (see `metrics`; all at k), and held_out_ratio if asked for;
    for kfold rmse, mae, and the share of the stars given that lie in the 80 % range of those
    predicted: range_coverage, and range_coverage_worst, the least of any bin of `metrics`; both
    NaN if the fit does not measure its own errors, unless `ranges` are asked for. All have
    fit_seconds; score_milliseconds a viewer (of all films for rankings, of the tested for stars);
    artifact_bytes, without similar films; and peak_memory_bytes, the most that this whole process
    held while it fitted and scored.
    """

    algorithm: str
    parameters: Mapping[str, float]
    protocol: Protocol
    k: int
    runs: Sequence[Run]

    @property
    def mean(self) -> Figures:
        names = self.runs[0].figures
        return {name: metrics.mean([run.figures[name] for run in self.runs]) for name in names}


def evaluate(  # noqa: PLR0913
    algorithm: type[Model],
    log: RatingLog,
    protocol: Protocol = Protocol.STRATIFIED_BY_ITEM,
    *,
    parameters: Mapping[str, object] | None = None,
    k: int = 10,
    seeds: Sequence[int] = (),
    held_out_viewers: bool = False,
    ranges: bool = False,
    progress: Steps = unwatched,
) -> Evaluation:
    """Fit and measure a model once for each seed; none given means the protocol's own.

    With `held_out_viewers`, held_out_ratio is the nDCG of viewers whom a model has not been
    trained on, in five folds, by the nDCG of the same viewers when it has; NaN for a model that
    does not fold in. With `ranges`, one more fit for each fold, to nine tenths of its training
    ratings, gives a model its ranges from the other tenth.
    Raises ValueError for what `check` refuses and for unusable parameters, UnusableRatings for
    too few ratings.
    """
    check(protocol, k, held_out_viewers=held_out_viewers)
    trial = Trial(algorithm, parameters or {}, log, k, held_out_viewers, ranges, progress)
    measure = trial.rank if protocol.ranks else trial.predict
    runs = [Run(seed, measure(protocol, seed)) for seed in seeds or [protocol.default_seed]]
    return Evaluation(algorithm.name, trial.model().parameters.named(), protocol, k, runs)


def check(protocol: Protocol, k: int, *, held_out_viewers: bool) -> None:
    """Raises ValueError when a protocol cannot be run so."""
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}.")
    if held_out_viewers and not protocol.ranks:
        ranking = " or ".join(each for each in Protocol if each.ranks)
        raise ValueError(f"Viewers can be held out of {ranking}, not of {protocol}.")


@dataclass(frozen=True, eq=False)
class Trial:
    """A model's class and parameters on one log of ratings."""

    algorithm: type[Model]
    parameters: Mapping[str, object]
    log: RatingLog
    k: int
    held_out_viewers: bool = False
    ranges: bool = False
    progress: Steps = unwatched

    def model(self) -> Model:
        return self.algorithm(**self.parameters)

    def rank(self, protocol: Protocol, seed: int) -> Figures:
        """Figures of one seed under a protocol that ranks."""
        split = self._split(protocol, seed)
        train, cases = self.log.ratings(split.train), Case.of(self.log, split)
        forget_peak_memory()
        model, cost = self._fit(train, f"{self._name(seed)}: fitting")
        lists = self._recommend(model, cases, cost, f"{self._name(seed)}: ranking")
        cost["peak_memory_bytes"] = peak_memory()
        figures = self._measure(cases, lists, train)
        if self.held_out_viewers:
            figures["held_out_ratio"] = self._held_out_ratio(split, cases, lists, seed)
        return figures | cost

    def predict(self, protocol: Protocol, seed: int) -> Figures:
        """Errors of predicted stars over the folds of one seed.

        Every viewer is folded in, or served as trained by a model that does not fold in.
        """
        forget_peak_memory()
        tested, costs = [], []
        folds = splits.kfold(len(self.log), seed=seed)
        for number, split in enumerate(folds, 1):
            step = f"{self._name(seed)}, fold {number} of {len(folds)}: "
            model, cost = self._fit(self.log.ratings(split.train), f"{step}fitting")
            if self.ranges and not model.errors.are_known:
                self._find_ranges(model, split.train, f"{step}finding ranges")
            tested.append(self._test(model, split, cost, f"{step}predicting"))
            costs.append(cost)
        mean_cost = {name: metrics.mean([cost[name] for cost in costs]) for name in costs[0]}
        return Tested.joined(tested).figures() | mean_cost | {"peak_memory_bytes": peak_memory()}

    def _name(self, seed: int) -> str:
        return f"{self.algorithm.name}, seed {seed}"

    def _split(self, protocol: Protocol, seed: int) -> Split:
        if protocol is Protocol.STRATIFIED_BY_ITEM:
            return splits.stratified_by_item(self.log.films, seed)
        return splits.leave_last_out(self.log.users, self.log.films, self.log.seconds)

    def _fit(self, ratings: Ratings, step: str) -> tuple[Model, Figures]:
        unfitted = self.model()
        give(unfitted, self.log.features)
        started = time.perf_counter()
        model = unfitted.fit(ratings, partial(self.progress, step))
        seconds = time.perf_counter() - started
        return model, {"fit_seconds": seconds, "artifact_bytes": artifact_size(model)}

    def _history(self, model: Model, case: Case) -> History:
        return model.history(self.log.films[case.known], self.log.stars[case.known])

    # Rankings.

    def _recommend(
        self, model: Model, cases: Sequence[Case], cost: Figures, step: str
    ) -> "list[NDArray[np.int32]]":
        """Raw ids of the k best films for each case, the best first; puts the time into `cost`."""
        watch, lists = Stopwatch(), []
        for done, case in enumerate(cases):
            self.progress(step, done, len(cases))
            history = self._history(model, case)
            with watch:
                scores = model.score(history, case.viewer)
            lists.append(model.film_ids[best(scores, history.films, self.k)])
        self.progress(step, len(cases), len(cases))
        cost["score_milliseconds"] = 1000 * watch.seconds / max(1, len(cases))
        return lists

    def _measure(
        self, cases: Sequence[Case], lists: "list[NDArray[np.int32]]", train: Ratings
    ) -> Figures:
        hits, relevant = self._hits(cases, lists)
        recommended = np.concatenate(lists)
        raters = train.support[np.searchsorted(train.film_ids, recommended)]
        return {
            "ndcg": metrics.mean(metrics.ndcg(hits, relevant)),
            "map": metrics.mean(metrics.average_precision(hits, relevant)),
            "precision": metrics.mean(metrics.precision(hits)),
            "recall": metrics.mean(metrics.recall(hits, relevant)),
            "liked_ndcg": self._liked_ndcg(cases, lists),
            "disliked_hits": metrics.share_disliked(self._stars_of_hits(cases, lists)),
            "coverage": metrics.coverage(recommended, train.n_films),
            "novelty": metrics.novelty(raters, train.n_users),
        }

    def _hits(
        self, cases: Sequence[Case], lists: "list[NDArray[np.int32]]"
    ) -> "tuple[NDArray[np.bool_], NDArray[np.intp]]":
        hits = np.zeros((len(cases), self.k), bool)
        for row, case, films in zip(hits, cases, lists, strict=True):
            row[: len(films)] = np.isin(films, self.log.films[case.tested])
        return hits, np.array([len(case.tested) for case in cases], np.intp)

    def _liked_ndcg(self, cases: Sequence[Case], lists: "list[NDArray[np.int32]]") -> float:
        """Mean nDCG with the liked test films as the relevant, over viewers who have one."""
        liked = [
            case._replace(tested=case.tested[self.log.stars[case.tested] >= metrics.LIKED])
            for case in cases
        ]
        pairs = [pair for pair in zip(liked, lists, strict=True) if len(pair[0].tested)]
        hits = self._hits([case for case, _ in pairs], [films for _, films in pairs])
        return metrics.mean(metrics.ndcg(*hits))

    def _stars_of_hits(
        self, cases: Sequence[Case], lists: "list[NDArray[np.int32]]"
    ) -> "NDArray[np.float32]":
        rows = [
            case.tested[np.isin(self.log.films[case.tested], films)]
            for case, films in zip(cases, lists, strict=True)
        ]
        return self.log.stars[np.concatenate(rows)]

    def _held_out_ratio(
        self, split: Split, cases: Sequence[Case], lists: "list[NDArray[np.int32]]", seed: int
    ) -> float:
        if not self.algorithm.folds_in:
            return float("nan")
        trained = metrics.mean(metrics.ndcg(*self._hits(cases, lists)))
        viewers = splits.held_out_viewers(self.log.users, seed)
        unseen: list[float] = []
        for number, fold in enumerate(viewers, 1):
            step = f"{self._name(seed)}, held-out viewers {number} of {len(viewers)}: "
            unseen.extend(self._ndcg_without(fold, split, cases, step))
        return metrics.mean(unseen) / trained if trained else float("nan")

    def _ndcg_without(
        self, viewers: "Ids", split: Split, cases: Sequence[Case], step: str
    ) -> "NDArray[np.float64]":
        """The nDCG of each of these viewers from a model that has not been trained on them."""
        others = split.train[~np.isin(self.log.users[split.train], viewers)]
        model, cost = self._fit(self.log.ratings(others), f"{step}fitting")
        left_out = set(viewers.tolist())
        theirs = [case for case in cases if case.viewer in left_out]
        lists = self._recommend(model, theirs, cost, f"{step}ranking")
        return metrics.ndcg(*self._hits(theirs, lists))

    # Stars.

    def _find_ranges(self, model: Model, rows: "Rows", step: str) -> None:
        """Calibrate by what a fit to nine tenths of the rows gets wrong about the other tenth."""
        held = is_held_out(self.log.users[rows], self.log.films[rows])
        inner, cost = self._fit(self.log.ratings(rows[~held]), step)
        tested = self._test(inner, Split(rows[~held], rows[held]), cost, step)
        model.calibrate(tested.conditions, tested.errors)

    def _test(self, model: Model, split: Split, cost: Figures, step: str) -> "Tested":
        cases, watch, tested = Case.of(self.log, split), Stopwatch(), []
        examiner = Examiner(model, self.log.stars[split.train])
        for done, case in enumerate(cases):
            self.progress(step, done, len(cases))
            history, films = self._history(model, case), self.log.films[case.tested]
            with watch:
                tested.append(
                    examiner.test(case.viewer, history, films, self.log.stars[case.tested])
                )
        self.progress(step, len(cases), len(cases))
        cost["score_milliseconds"] = 1000 * watch.seconds / len(cases)
        return Tested.joined(tested)


def best(scores: "NDArray[np.floating]", seen: "NDArray[np.int32]", k: int) -> "NDArray[np.intp]":
    """Internal indices of the k films of highest score that are not seen, the best first.

    Of equal scores the lower index, which is the lower film id, comes first. scores: (n_films,),
    finite.
    """
    left = scores.copy()
    left[seen] = -np.inf
    k = min(k, int(np.count_nonzero(left > -np.inf)))
    if not k:
        return np.empty(0, np.intp)
    among_best = np.flatnonzero(left >= np.partition(left, -k)[-k])
    return among_best[np.argsort(-left[among_best], kind="stable")[:k]]


# What it costs.


@dataclass
class Stopwatch:
    """Adds up the seconds of the blocks that it is around."""

    seconds: float = 0.0
    started: float = field(default=0.0, init=False)

    def __enter__(self) -> None:
        self.started = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self.started


def artifact_size(model: Model) -> int:
    """Bytes of all files of the model's artifact."""
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder))
        return sum(path.stat().st_size for path in Path(folder).iterdir())


def forget_peak_memory() -> None:
    """Let `peak_memory` start anew from here, where the system can: Linux does."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> int:
    """The most bytes this process held in memory since `forget_peak_memory`, or else ever."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
