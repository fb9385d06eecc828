"""What a visitor has answered about films, one after another, remembered in the session.

Films that were not seen or skipped are kept nowhere else: they are asked again another day.
"""

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from recommendations.middleware import viewer_of

if TYPE_CHECKING:
    from django.http import HttpRequest

#: The session key, and how many answers it holds.
ANSWERS = "answers"
MOST = 200


@dataclass(frozen=True)
class Answer:
    """What was said of one film: stars, or that there are none; and the rating before."""

    film: int
    stars: float | None = None
    before: float | None = None
    before_at: str = ""


class Answers:
    """The answers of whoever is looking now; those of somebody else are nobody's business."""

    def __init__(self, request: "HttpRequest") -> None:
        self.request = request
        stored = request.session.get(ANSWERS, {})
        same = stored.get("viewer") in {None, self._viewer_id}
        self.all = [Answer(**each) for each in stored.get("given", [])] if same else []

    @property
    def _viewer_id(self) -> int | None:
        viewer = viewer_of(self.request)
        return viewer.pk if viewer else None

    @property
    def films(self) -> list[int]:
        """Asked about, the last at the end."""
        return [answer.film for answer in self.all]

    @property
    def any_stars(self) -> bool:
        return any(answer.stars is not None for answer in self.all)

    def add(self, answer: Answer) -> None:
        """Note it as the last; what is sent twice is taken back as once."""
        for earlier in self.all:
            if earlier.film == answer.film:
                answer = replace(answer, before=earlier.before, before_at=earlier.before_at)
        self.all = [each for each in self.all if each.film != answer.film] + [answer]
        self._store()

    def take_back(self) -> Answer | None:
        """Forget the last answer, and say which it was."""
        if not self.all:
            return None
        last = self.all.pop()
        self._store()
        return last

    def _store(self) -> None:
        self.request.session[ANSWERS] = {
            "viewer": self._viewer_id,
            "given": [asdict(each) for each in self.all[-MOST:]],
        }
