"""A model made of models: its parameters, and its one artifact."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from recommendations.engine import artifacts
from recommendations.engine.contract import History, Model
from recommendations.engine.popularity import Popularity, PopularityParameters
from recommendations.engine.progress import Progress
from recommendations.engine.ratings import Ratings
from recommendations.engine.svd import SVD, SVDParameters
from tests.engine.contract import FILM_IDS, two_blocks


@dataclass(frozen=True)
class LeaningParameters(PopularityParameters):
    lean: float = 0.5
    taste: SVDParameters = field(default=SVDParameters(factors=4))


class Leaning(Popularity):
    """Popularity, leaning towards taste."""

    name = "leaning"
    options = LeaningParameters

    parameters: LeaningParameters

    def __init__(self, **parameters: object) -> None:
        super().__init__(**parameters)
        self.taste = SVD(**self.parameters.taste.named())

    @property
    def parts(self) -> Mapping[str, Model]:
        return {"taste": self.taste}

    def learn(self, ratings: Ratings, progress: Progress) -> None:
        super().learn(ratings, progress)
        self.taste.fit(ratings)
        self.notes.append("It leans.")

    def score(self, history: History, *_: object) -> NDArray[np.float32]:
        return super().score(history) + self.parameters.lean * self.taste.score(history)


@pytest.fixture(scope="module")
def model() -> Leaning:
    return Leaning(lean=2, **{"taste.epochs": "3"}).fit(two_blocks())


def test_parameters_of_a_part_are_named_with_a_dot(model: Leaning) -> None:
    named = model.parameters.named()
    assert named["lean"] == 2
    assert named["taste.epochs"] == 3
    assert named["taste.factors"] == 4
    assert model.taste.parameters == SVDParameters(factors=4, epochs=3)
    assert Leaning(**named).parameters == model.parameters


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("factors", r"Unknown parameter factors; valid are lean, taste\.factors, taste\.epochs, "),
        ("taste.beard", r"Unknown parameter taste\.beard; valid are lean, taste\.factors, "),
        ("taste", "Unknown parameter taste; valid are"),
        ("taste.epochs", r"Of taste: Parameter epochs must be above 0"),
    ],
)
def test_an_unusable_parameter_is_named(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Leaning(**{name: 0})


def test_one_artifact_holds_what_each_part_learned(model: Leaning, tmp_path: Path) -> None:
    checksum = model.save(tmp_path)
    stored = set(artifacts.verify(tmp_path, checksum).arrays)
    assert {"means", "taste.base", "taste.factors"} <= stored
    assert "taste.film_ids" not in stored


def test_it_comes_back_with_its_parts_and_its_notes(model: Leaning, tmp_path: Path) -> None:
    model.save(tmp_path)
    loaded = Leaning.load(tmp_path)
    fan = model.history(FILM_IDS[:3], [5, 4, 5])
    assert np.array_equal(loaded.score(fan), model.score(fan))
    assert loaded.taste.film_ids is loaded.film_ids
    assert loaded.notes == ["It leans."]
