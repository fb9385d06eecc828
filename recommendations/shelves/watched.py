"""Films that the viewer has seen already, and may want to see again."""

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
from django.utils import timezone

from recommendations.models import Mark
from recommendations.shelves.base import (
    STORED,
    WORTH_A_SHELF,
    ModelShelf,
    Picked,
    Scored,
    ids_of,
)

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
        hidden = scored.viewer.marks.filter(kind=Mark.Kind.HIDDEN).values("movie_id")
        ids = ids_of(loved.exclude(movie_id__in=hidden).values_list("movie_id", flat=True))
        films = np.isin(scored.model.film_ids, ids)
        return Picked(self.title, self.reason, scored.ranked(STORED, films, scored.stars))
