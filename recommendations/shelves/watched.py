"""Films that the viewer has seen already, and may want to see again."""

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
from django.utils import timezone

from recommendations.shelves.base import STORED, WORTH_A_SHELF, ModelShelf, Picked, Scored

if TYPE_CHECKING:
    from recommendations.models.taste import Taste

#: A film rated so highly, so long ago, is one to watch again.
LOVED = 4.5
LONG_AGO = timedelta(days=2 * 365)


class WatchAgain(ModelShelf):
    of_rated = True
    least = WORTH_A_SHELF

    def is_for(self, taste: "Taste") -> bool:
        return taste.liked >= self.least

    def pick(self, scored: Scored) -> Picked:
        before = timezone.now() - LONG_AGO
        loved = scored.viewer.ratings.filter(stars__gte=LOVED, rated_at__lte=before)
        ids = np.fromiter(loved.values_list("movie_id", flat=True), np.int64)
        films = np.isin(scored.model.film_ids, ids)
        return Picked(self.title, self.reason, scored.ranked(STORED, films, scored.stars))
