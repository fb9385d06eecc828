from recommendations.models.catalogue import (
    Catalogue,
    Credit,
    Genre,
    Movie,
    MovieTag,
    Person,
)
from recommendations.models.controls import TasteControls
from recommendations.models.lists import ListEntry, MovieList
from recommendations.models.marks import Mark
from recommendations.models.night import FilmNight
from recommendations.models.prediction import Prediction, Scores
from recommendations.models.rate_counts import RateCount
from recommendations.models.ratings_import import RatingsImport, UnmatchedEntry
from recommendations.models.taste import Rating, Viewer
from recommendations.models.trained_model import Neighbours, TrainedModel
from recommendations.models.workers import PausedQueue, Worker

__all__ = [
    "Catalogue",
    "Credit",
    "FilmNight",
    "Genre",
    "ListEntry",
    "Mark",
    "Movie",
    "MovieList",
    "MovieTag",
    "Neighbours",
    "PausedQueue",
    "Person",
    "Prediction",
    "RateCount",
    "Rating",
    "RatingsImport",
    "Scores",
    "TasteControls",
    "TrainedModel",
    "UnmatchedEntry",
    "Viewer",
    "Worker",
]
