"""The site's own settings, with an algorithm that is slow to predict, and one that never does."""

from recsite.settings import *
from recsite.settings import ALGORITHMS

ALGORITHMS = ALGORITHMS | {
    "svdpp_by_predict": "benchmarks.by_predict.SVDPlusPlusByPredict",
    "asleep": "benchmarks.asleep.Asleep",
}
