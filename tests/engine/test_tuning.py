import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from recommendations.engine import splits
from recommendations.engine.contract import ALL, Films, History
from recommendations.engine.evaluation import Protocol
from recommendations.engine.parameters import Parameters, Range
from recommendations.engine.popularity import Popularity
from recommendations.engine.progress import Progress, silent
from recommendations.engine.ratings import Ratings, UnusableRatings
from recommendations.engine.splits import RatingLog
from recommendations.engine.svd import SVD
from recommendations.engine.tuning import Search, Study, Tried, UnusableStudy, inner_log

#: Whether a film is liked hangs on film and viewer, so that there is something to tell apart.
RANDOM = np.random.default_rng(5)
USERS, FILMS = np.divmod(RANDOM.choice(30 * 40, 700, replace=False), 40)
LOG = RatingLog(
    USERS.astype(np.int64),
    FILMS.astype(np.int32),
    np.where((USERS + FILMS) % 2, 4.5, 1.5).astype(np.float32),
    RANDOM.integers(0, 10**6, 700),
)

PROTOCOLS = list(Protocol)


@dataclass(frozen=True)
class DialParameters(Parameters):
    dial: float = 3.0
    steps: int = 5
    ranges = {"dial": Range(0, 4)}


class Dial(Popularity):
    """Predicts the stars that its dial is at, and ranks by them; remembers what it was shown."""

    name = "dial"
    options = DialParameters  # type: ignore[assignment]
    parameters: DialParameters  # type: ignore[assignment]
    seen: ClassVar[list[tuple[int, int]]] = []
    broken_above: ClassVar[float] = 5.0
    interrupted_at: ClassVar[int] = 0

    def learn(self, ratings: Ratings, progress: Progress) -> None:
        super().learn(ratings, progress)
        pairs = zip(ratings.user_ids[ratings.users], ratings.film_ids[ratings.films], strict=True)
        self.seen.extend((int(user), int(film)) for user, film in pairs)
        if self.parameters.dial > self.broken_above:
            raise FloatingPointError("the dial came off")

    def expected_stars(
        self, history: History, films: Films = ALL, user: int | None = None
    ) -> NDArray[np.float32]:
        return np.full(len(self.film_ids), self.parameters.dial, np.float32)[films]

    def score(
        self, history: History, user: int | None = None, progress: Progress = silent
    ) -> NDArray[np.float32]:
        cls = type(self)
        cls.interrupted_at -= 1
        if cls.interrupted_at == 0:
            raise KeyboardInterrupt
        return np.asarray(-abs(self.film_ids - 10 * self.parameters.dial), np.float32)


@pytest.fixture(autouse=True)
def new_dial() -> Iterator[None]:
    yield
    Dial.seen.clear()
    Dial.broken_above, Dial.interrupted_at = 5.0, 0


def a_search(protocol: Protocol = Protocol.KFOLD, **asked: Any) -> Search:
    return Search.of(Dial, protocol, **asked)


def tried(search: Search, folder: Path, log: RatingLog = LOG, trials: int = 4) -> list[Tried]:
    study = Study(search, log, folder)
    study.run(trials)
    return study.tried


# What is looked at.


def trained_on(protocol: Protocol, seed: int) -> "NDArray[np.intp]":
    """The rows, literally as each protocol words it."""
    return {
        Protocol.STRATIFIED_BY_ITEM: splits.stratified_by_item(LOG.films, seed),
        Protocol.KFOLD: splits.kfold(len(LOG), seed=seed)[0],
        Protocol.LEAVE_LAST_OUT: splits.leave_last_out(LOG.users, LOG.films, LOG.seconds),
    }[protocol].train


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_models_are_only_shown_what_the_protocol_trains_on(
    protocol: Protocol, tmp_path: Path
) -> None:
    tried(a_search(protocol), tmp_path)
    rows = trained_on(protocol, protocol.default_seed)
    allowed = set(zip(LOG.users[rows].tolist(), LOG.films[rows].tolist(), strict=True))
    assert set(Dial.seen) <= allowed
    # Of the folds all but one are shown at a time, so that together they are all.
    assert (set(Dial.seen) == allowed) == (protocol is Protocol.KFOLD)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_trial_changes_when_the_stars_of_the_test_rows_do(
    protocol: Protocol, tmp_path: Path
) -> None:
    tested = np.ones(len(LOG), np.bool_)
    tested[trained_on(protocol, protocol.default_seed)] = False
    corrupt = replace(LOG, stars=np.where(tested, 5 - LOG.stars, LOG.stars))
    search = a_search(protocol)
    assert tried(search, tmp_path) == tried(search, tmp_path, corrupt)


@pytest.mark.parametrize("seed", [42, 43])
def test_the_inner_split_is_the_same_procedure_with_another_seed(
    seed: int, tmp_path: Path
) -> None:
    inner = inner_log(LOG, Protocol.STRATIFIED_BY_ITEM, seed)
    rows = trained_on(Protocol.STRATIFIED_BY_ITEM, seed)
    assert inner.films.tolist() == LOG.films[rows].tolist()
    tried(a_search(Protocol.STRATIFIED_BY_ITEM, seeds=[seed]), tmp_path, trials=1)
    split = splits.stratified_by_item(inner.films, seed + 1000)
    fitted = zip(inner.users[split.train].tolist(), inner.films[split.train].tolist(), strict=True)
    assert sorted(Dial.seen) == sorted(fitted)


# Trying.


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_defaults_are_first_and_nothing_is_worse(protocol: Protocol, tmp_path: Path) -> None:
    study = Study(a_search(protocol), LOG, tmp_path)
    study.run(8)
    assert study.defaults.parameters == {"dial": 3.0}
    assert study.best
    values = [each.value for each in study.tried]
    assert study.best.value == (max if protocol.ranks else min)(values)
    assert study.gains(study.best)[0] >= 0
    assert all(0 <= each.parameters["dial"] <= 4 for each in study.tried)


def test_the_value_is_the_mean_over_seeds(tmp_path: Path) -> None:
    [both] = tried(a_search(seeds=[1, 2]), tmp_path, trials=1)
    alone = [tried(a_search(seeds=[seed]), tmp_path, trials=1)[0].value for seed in (1, 2)]
    assert both.by_seed == alone
    assert both.value == pytest.approx(sum(alone) / 2)


def test_another_call_goes_on_and_comes_to_the_same_as_one_without_a_break(
    tmp_path: Path,
) -> None:
    search = a_search()
    first = tried(search, tmp_path, trials=3)
    seen = len(Dial.seen)
    assert tried(search, tmp_path, trials=3) == first
    assert len(Dial.seen) == seen
    resumed = tried(search, tmp_path, trials=14)
    assert resumed[:3] == first
    assert resumed == tried(search, tmp_path / "elsewhere", trials=14)
    assert len({each.parameters["dial"] for each in resumed}) == 14


@pytest.mark.parametrize("cut_off", [1, 40])
def test_an_interrupted_trial_does_not_count_and_the_finished_ones_do(
    cut_off: int, tmp_path: Path
) -> None:
    search = a_search(Protocol.LEAVE_LAST_OUT)
    Dial.interrupted_at = cut_off
    study = Study(search, LOG, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        study.run(4)
    assert len(study.tried) == cut_off // 30
    assert tried(search, tmp_path) == tried(search, tmp_path / "elsewhere")


def test_time_ends_a_search_after_the_trial_at_work(tmp_path: Path) -> None:
    study = Study(a_search(), LOG, tmp_path)
    study.run(10, minutes=1e-9)
    assert len(study.tried) == 1


def test_parameters_that_cannot_be_used_are_a_failed_trial(tmp_path: Path) -> None:
    Dial.broken_above = 3.0
    study = Study(a_search(), LOG, tmp_path)
    study.run(10)
    failed = [each for each in study.tried if each.failure]
    assert failed == [each for each in study.tried if each.parameters["dial"] > 3]
    assert 0 < len(failed) < 9
    assert failed[0].failure == "the dial came off"
    assert study.best not in failed


def test_defaults_that_fail_are_no_reason_not_to_search(tmp_path: Path) -> None:
    Dial.broken_above = 2.9
    study = Study(a_search(), LOG, tmp_path)
    study.run(6)
    assert study.defaults.failure
    assert study.best
    assert study.gains(study.best) == []


def test_ratings_that_cannot_be_used_end_the_search(tmp_path: Path) -> None:
    study = Study(a_search(), LOG.only(np.arange(6) * 0), tmp_path)
    with pytest.raises(UnusableRatings):
        study.run(3)
    assert study.tried == []
    assert study.best is None


def test_progress_tells_the_trial_the_best_and_the_time_left(tmp_path: Path) -> None:
    steps: dict[str, None] = {}
    Study(a_search(), LOG, tmp_path).run(2, progress=lambda step, *_: steps.setdefault(step))
    first, second = steps
    assert first == "trial 1 of 2"
    assert second.startswith("trial 2 of 2, best 1.5")
    assert second.endswith(" left")


# What is searched.


def test_ranges_can_be_replaced_added_and_held_fixed(tmp_path: Path) -> None:
    search = a_search(fixed={"dial": "2"}, over={"steps": Range(50, 500)})
    assert search.ranges == {"steps": Range(50, 500)}
    assert search.defaults == {"steps": 5}
    found = tried(search, tmp_path)
    assert found[0].parameters == {"steps": 5}
    assert all(50 <= each.parameters["steps"] <= 500 for each in found[1:])
    assert all(isinstance(each.parameters["steps"], int) for each in found)


def test_numbers_are_short_enough_to_type(tmp_path: Path) -> None:
    for each in tried(a_search(), tmp_path):
        assert each.parameters["dial"] == float(f"{each.parameters['dial']:.3g}")


@pytest.mark.parametrize(
    ("ends", "is_log"),
    [((0.01, 0.1), True), ((1, 9), False), ((0, 5), False), ((-1, 20), False)],
)
def test_a_range_over_orders_of_magnitude_is_logarithmic(
    ends: tuple[float, float], is_log: bool
) -> None:
    assert Range(*ends).is_log == is_log


def test_a_rounded_value_stays_inside() -> None:
    assert Range(0.1234, 0.1236).rounded(0.12351) == 0.1236
    assert Range(0, 1).rounded(0.12351) == 0.124


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"fixed": {"beard": 1}}, "Unknown parameter beard; valid are dial, steps"),
        ({"over": {"beard": Range(0, 1)}}, "Unknown parameter beard; valid are dial, steps"),
        ({"over": {"steps": Range(0.5, 1)}}, "steps must be a whole number"),
        ({"fixed": {"dial": 1}, "over": {"dial": Range(0, 1)}}, "dial cannot be both fixed and"),
        ({"fixed": {"dial": 1}}, "Of dial there is nothing to search"),
        ({"protocol": Protocol.LEAVE_LAST_OUT, "seeds": [1]}, "it takes no seeds"),
    ],
)
def test_what_cannot_be_searched_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        a_search(**asked)


# The file.


@pytest.mark.parametrize(
    "other",
    [
        a_search(seeds=[7]),
        a_search(fixed={"steps": 6}),
        a_search(over={"dial": Range(1, 4)}),
        a_search(Protocol.LEAVE_LAST_OUT),
        Search.of(SVD, Protocol.KFOLD),
    ],
)
def test_what_is_asked_otherwise_is_another_study(other: Search, tmp_path: Path) -> None:
    assert Study(other, LOG, tmp_path).name != Study(a_search(), LOG, tmp_path).name
    Study(a_search(), LOG, tmp_path, "mine")
    with pytest.raises(UnusableStudy, match="mine is of other ratings, seeds"):
        Study(other, LOG, tmp_path, "mine")


def test_other_ratings_are_another_study(tmp_path: Path) -> None:
    fewer = LOG.only(np.arange(600))
    Study(a_search(), LOG, tmp_path, "mine")
    assert Study(a_search(), LOG, tmp_path).name != Study(a_search(), fewer, tmp_path).name
    with pytest.raises(UnusableStudy, match="mine is of other ratings"):
        Study(a_search(), fewer, tmp_path, "mine")


@pytest.mark.parametrize("content", ["hello\nworld\n", "{}\n", "[1]\n"])
def test_a_file_that_is_no_study_is_left_alone(content: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.log"
    file.write_text(content)
    with pytest.raises(UnusableStudy, match=r"mine\.log is no study, or a damaged one"):
        Study(a_search(), LOG, tmp_path, "mine")
    assert file.read_text() == content


def test_optuna_is_not_imported_before_there_is_a_study() -> None:
    code = "import sys; import recommendations.engine.tuning; sys.exit('optuna' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
