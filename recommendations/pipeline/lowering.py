"""What *Less like this* does: films like the marked one sink, whatever the model.

The mark is no rating. Folded in as half a star it raised the films like it, for a ranker takes
what was rated for what was watched; and in a short history it pulled every prediction down.
So the marked film is left out of the history, and those like it, the very ones that its page names
under *More like this*, are lowered by how like it they are.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from recommendations.engine.neighbours import KEPT, MIN_SUPPORT
from recommendations.engine.ratings import LOWEST
from recommendations.models import Viewer
from recommendations.models.marks import unwanted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from recommendations.engine.contract import Films, Model, StarPredictions

#: What the film nearest to an unwanted one loses: in standard deviations of the scores of films
#: that may be anybody's neighbours, and in stars. By reading ml-latest-small: with 2, of the 20
#: nearest those among a viewer's best 60 fell from 9, 7 and 6 to 2, 1 and 0 and three in four of
#: the best 20 stayed; with 1 they fell to 4, 3 and 2. Half a star is what the stack's own stars
#: lose when the film is rated lowest.
SCORE, STARS = 2.0, 0.5


@dataclass(frozen=True, eq=False)
class Lowering:
    """How like each film is to what one viewer wants less of.

    likeness: (n_films,) from 0 to 1, which is the nearest film; may_be_near: the films compared
    """

    likeness: "NDArray[np.float32]"
    may_be_near: "NDArray[np.bool_]"

    @classmethod
    def of(cls, viewer: Viewer, model: "Model") -> Self:
        likeness = np.zeros(len(model.film_ids), np.float32)
        films = unwanted(viewer)
        for film in model.history(films, np.zeros(len(films))).films:
            near = model.similar(int(film), KEPT)
            for other, similarity in near:
                likeness[other] = max(likeness[other], similarity / near[0].similarity)
        return cls(likeness, np.asarray(model.support >= MIN_SUPPORT))

    def of_scores(self, scores: "NDArray[np.floating]") -> "NDArray[np.floating]":
        """Scores of all films, lowered."""
        if not self.likeness.any():
            return scores
        spread = scores[self.may_be_near].std()
        return np.asarray(scores - SCORE * spread * self.likeness, np.float32)

    def of_stars(
        self, predicted: "StarPredictions", films: "Films" = slice(None)
    ) -> "StarPredictions":
        """The predictions of all films, or of `films`, lowered with their ranges."""
        lost = STARS * self.likeness[films]
        return replace(
            predicted,
            stars=np.maximum(LOWEST, predicted.stars - lost),
            low=np.maximum(LOWEST, predicted.low - lost),
            high=np.maximum(LOWEST, predicted.high - lost),
        )
