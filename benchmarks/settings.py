"""The site's own settings, with algorithms that are slow to predict, or never do."""

from recsite.settings import *
from recsite.settings import ALGORITHMS

ALGORITHMS = ALGORITHMS | {
    "svdpp_by_predict": "benchmarks.by_predict.SVDPlusPlusByPredict",
    "asleep": "benchmarks.asleep.Asleep",
    "waiting": "benchmarks.waiting.Waiting",
}
