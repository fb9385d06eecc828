from recommendations.models.catalogue import (
    Catalogue,
    Credit,
    Genre,
    Movie,
    MovieTag,
    Person,
)
from recommendations.models.prediction import Prediction, Scores
from recommendations.models.taste import Rating, Viewer
from recommendations.models.trained_model import Neighbours, TrainedModel

__all__ = [
    "Catalogue",
    "Credit",
    "Genre",
    "Movie",
    "MovieTag",
    "Neighbours",
    "Person",
    "Prediction",
    "Rating",
    "Scores",
    "TrainedModel",
    "Viewer",
]
