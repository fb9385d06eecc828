"""Hyperparameters searched by Optuna, on inner splits of the training part, never on test rows.

Optuna is imported by `Study` alone: whoever makes none need not wait for it.
"""

import hashlib
import json
import math
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from recommendations.engine import splits
from recommendations.engine.contract import Model
from recommendations.engine.evaluation import Protocol, evaluate
from recommendations.engine.metrics import mean
from recommendations.engine.parameters import Range
from recommendations.engine.progress import Steps, unwatched
from recommendations.engine.ratings import UnusableRatings
from recommendations.engine.splits import INNER, RatingLog

if TYPE_CHECKING:
    import optuna

#: How many films are recommended to each viewer where rankings are measured.
K = 10


def inner_log(log: RatingLog, protocol: Protocol, seed: int) -> RatingLog:
    """What a protocol trains on with this seed, in its order; of kfold, without the first fold."""
    if protocol is Protocol.STRATIFIED_BY_ITEM:
        split = splits.stratified_by_item(log.films, seed)
    elif protocol is Protocol.KFOLD:
        split = splits.kfold(len(log), seed=seed)[0]
    else:
        split = splits.leave_last_out(log.users, log.films, log.seconds)
    return log.only(split.train)


@dataclass(frozen=True)
class Search:
    """Which parameters of a model are searched, and what they are judged by.

    fixed: values of parameters that are not searched; the others have their defaults
    ranges: the parameters that are searched

    A value is what the protocol measures when it is applied once more, with seed + 1000, to what
    it trains on: nDCG@10, or RMSE for kfold; the mean over the seeds.
    """

    algorithm: type[Model]
    protocol: Protocol
    seeds: Sequence[int]
    fixed: Mapping[str, object]
    ranges: Mapping[str, Range]

    @classmethod
    def of(
        cls,
        algorithm: type[Model],
        protocol: Protocol = Protocol.STRATIFIED_BY_ITEM,
        seeds: Sequence[int] = (),
        fixed: Mapping[str, object] | None = None,
        over: Mapping[str, Range] | None = None,
    ) -> Self:
        """Search the model's own ranges less what is `fixed`; those in `over` replace or add.

        Raises ValueError for what is no parameter, or none that can be searched so.
        """
        fixed, over = fixed or {}, over or {}
        if protocol is Protocol.LEAVE_LAST_OUT and seeds:
            raise ValueError(f"{protocol} draws nothing: it takes no seeds.")
        if both := sorted(set(fixed) & set(over)):
            raise ValueError(f"Parameter {', '.join(both)} cannot be both fixed and searched.")
        wanted = {**algorithm.options.ranges, **over}
        ranges = {name: wanted[name] for name in wanted if name not in fixed}
        for name, ends in ranges.items():
            algorithm(**fixed, **{name: ends.low})
            algorithm(**fixed, **{name: ends.high})
        algorithm(**fixed)
        if not ranges:
            raise ValueError(f"Of {algorithm.name} there is nothing to search.")
        return cls(algorithm, protocol, list(seeds) or [protocol.default_seed], fixed, ranges)

    @property
    def objective(self) -> str:
        return "ndcg" if self.protocol.ranks else "rmse"

    @cached_property
    def unsearched(self) -> dict[str, float]:
        """Every parameter: what is fixed, and the defaults of the rest."""
        return self.algorithm(**self.fixed).parameters.named()

    @property
    def defaults(self) -> dict[str, float]:
        """Of the parameters that are searched."""
        return {name: self.unsearched[name] for name in self.ranges}

    def fingerprint(self, log: RatingLog) -> str:
        """SHA-256 of all that a value hangs on: two searches with the same one may be joined."""
        ranges = {name: [float(ends.low), float(ends.high)] for name, ends in self.ranges.items()}
        asked = [self.algorithm.name, self.protocol, self.seeds, self.unsearched, ranges]
        told = json.dumps([*asked, log.fingerprint], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()

    def measure(
        self, log: RatingLog, seed: int, searched: Mapping[str, float], progress: Steps
    ) -> float:
        """The value of these parameters on the inner split of one seed; `log` is `inner_log`'s.

        Raises FloatingPointError or ValueError when they cannot be used.
        """
        measured = evaluate(
            self.algorithm,
            log,
            self.protocol,
            parameters={**self.fixed, **searched},
            k=K,
            seeds=[seed + INNER],
            progress=progress,
        )
        value = measured.mean[self.objective]
        if not math.isfinite(value):
            raise FloatingPointError(f"The {self.objective} is {value}.")
        return value


@dataclass(frozen=True)
class Tried:
    """One finished trial: the parameters searched, and the value of each seed or why none."""

    parameters: Mapping[str, float]
    by_seed: Sequence[float] = ()
    failure: str = ""

    @property
    def value(self) -> float:
        return mean(self.by_seed)


class UnusableStudy(Exception):
    """The file of a study cannot be gone on with; the message says why."""


class Study:
    """A search and its trials so far, in a journal that another call goes on with.

    The first trial is that of the defaults. Only finished trials count, so that one that was cut
    off is tried again, and the sampler is seeded by their number: a search that was interrupted
    finds what it would have found without.
    """

    def __init__(
        self, search: Search, log: RatingLog, folder: Path, name: str | None = None
    ) -> None:
        """Open or begin the study in `folder`; without a name it gets one by its fingerprint.

        Raises UnusableStudy when there is a file of this name that is of another search, or none
        of a study.
        """
        fingerprint = search.fingerprint(log)
        self.search = search
        self.name = name or f"{search.algorithm.name}-{search.protocol}-{fingerprint[:12]}"
        self.path = folder / f"{self.name}.log"
        self._logs = [inner_log(log, search.protocol, seed) for seed in search.seeds]
        self._study = self._open()
        if self._study.user_attrs.get("fingerprint", fingerprint) != fingerprint:
            raise UnusableStudy(
                f"The study {self.name} is of other ratings, seeds, parameters or ranges: give "
                "another name."
            )
        self._study.set_user_attr("fingerprint", fingerprint)

    def _open(self) -> "optuna.Study":
        import optuna  # noqa: PLC0415
        from optuna.storages.journal import JournalFileBackend  # noqa: PLC0415

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            storage = optuna.storages.JournalStorage(JournalFileBackend(str(self.path)))
            return optuna.create_study(
                storage=storage,
                study_name=self.name,
                direction="maximize" if self.search.protocol.ranks else "minimize",
                load_if_exists=True,
            )
        except (ValueError, LookupError, TypeError) as error:
            raise UnusableStudy(f"{self.path} is no study, or a damaged one: {error}") from error

    # What came of it.

    @property
    def tried(self) -> list[Tried]:
        """All finished trials, the defaults first."""
        return [Tried(**trial.user_attrs) for trial in self._finished()]

    @property
    def defaults(self) -> Tried:
        return self.tried[0]

    @property
    def best(self) -> Tried | None:
        """None if all have failed. Of equal values the first is the best."""
        measured = [tried for tried in self.tried if not tried.failure]
        sign = 1 if self.search.protocol.ranks else -1
        return max(measured, key=lambda tried: sign * tried.value, default=None)

    def gains(self, tried: Tried) -> list[float]:
        """What it is better by than the defaults with each seed; none if these have failed."""
        sign = 1 if self.search.protocol.ranks else -1
        pairs = zip(tried.by_seed, self.defaults.by_seed, strict=False)
        return [sign * (value - default) for value, default in pairs]

    def _finished(self) -> "list[optuna.trial.FrozenTrial]":
        trials = self._study.get_trials(deepcopy=False)
        return [trial for trial in trials if trial.state.is_finished()]

    # Trying.

    def run(self, trials: int, minutes: float = math.inf, progress: Steps = unwatched) -> None:
        """Try until there are so many trials, or until the first that ends after the time.

        Parameters that cannot be used are a failed trial. Raises UnusableRatings when not even
        the defaults can be fitted to the ratings.
        """
        until = time.monotonic() + 60 * minutes
        while len(self._finished()) < trials:
            step = self._told(trials, until)

            def show(_: str, done: int, total: int, step: str = step) -> None:
                progress(step, done, total)

            self._try(show)
            if time.monotonic() >= until:
                break

    def _told(self, trials: int, until: float) -> str:
        """How far it is, as the name of the step."""
        finished, found = self._finished(), self.best
        step = f"trial {len(finished) + 1} of {trials}"
        if not finished:
            return step
        best = f", best {found.value:.4f}" if found else ""
        took = mean([trial.duration.total_seconds() for trial in finished if trial.duration])
        left = min(took * (trials - len(finished)), until - time.monotonic())
        return f"{step}{best}, {timedelta(seconds=round(left))} left"

    def _try(self, progress: Steps) -> None:
        from optuna.trial import TrialState  # noqa: PLC0415

        number = len(self._finished())
        trial, parameters = self._ask(number)
        trial.set_user_attr("parameters", parameters)
        try:
            values = [
                self.search.measure(log, seed, parameters, progress)
                for log, seed in zip(self._logs, self.search.seeds, strict=True)
            ]
        except (FloatingPointError, OverflowError, ValueError, MemoryError) as error:
            if not number and isinstance(error, UnusableRatings):
                raise
            trial.set_user_attr("failure", str(error))
            self._study.tell(trial, state=TrialState.PRUNED)
        else:
            trial.set_user_attr("by_seed", values)
            self._study.tell(trial, mean(values))

    def _ask(self, number: int) -> "tuple[optuna.Trial, dict[str, float]]":
        from optuna.samplers import TPESampler  # noqa: PLC0415

        # With one seed for all, each call would draw again what the one before it drew.
        self._study.sampler = TPESampler(seed=number)
        if not number:
            self._study.enqueue_trial(self.search.defaults)
        trial = self._study.ask()
        with warnings.catch_warnings():
            # Of defaults outside of the ranges that were asked for.
            warnings.simplefilter("ignore", UserWarning)
            suggested = {name: self._suggest(trial, name) for name in self.search.ranges}
        return trial, suggested if number else dict(self.search.defaults)

    def _suggest(self, trial: "optuna.Trial", name: str) -> float:
        ends = self.search.ranges[name]
        if isinstance(self.search.defaults[name], int):
            return trial.suggest_int(name, int(ends.low), int(ends.high), log=ends.is_log)
        return ends.rounded(trial.suggest_float(name, ends.low, ends.high, log=ends.is_log))
