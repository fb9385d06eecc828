"""Models: fitted, measured, compared and registered; loaded by the workers that serve them.

`algorithms` by name · `reading` the ratings · `fitting` and measuring · `comparing` champion and
challenger · `taste_groups` of films · `attempts` the life of one training · `storing` artifacts ·
`caching` them on a host · `loading` for workers · `keeping` what is still needed.
"""

from recommendations.training.algorithms import TrainingFailed, algorithm, unfitted
from recommendations.training.attempts import SIMILAR, TrainingLost, run, train
from recommendations.training.keeping import Refused
from recommendations.training.loading import LoadedModel, load_active
from recommendations.training.reading import film_features

__all__ = [
    "SIMILAR",
    "LoadedModel",
    "Refused",
    "TrainingFailed",
    "TrainingLost",
    "algorithm",
    "film_features",
    "load_active",
    "run",
    "train",
    "unfitted",
]
