"""What the page of a film night is given: who watches, how far their picks are, and the films."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from recommendations import nights
from recommendations.models import FilmNight, Scores, Viewer
from recommendations.models.night import MOST_VIEWERS
from recommendations.nights import Pick
from recommendations.pipeline.requests import Standing, active_model_id
from recommendations.pipeline.states import PATIENCE, Part, State, part
from recommendations.views.polling import Poll, rhythm

#: While all is there, the page looks whether somebody came or went every so many milliseconds.
LOOKING = 10_000


@dataclass(frozen=True)
class Member:
    """One who watches. Of scores that are stale `state` says how far the fresh ones are."""

    viewer: Viewer
    name: str
    is_you: bool
    is_host: bool
    state: State
    part: Part | None = None

    @property
    def scores(self) -> Scores | None:
        return getattr(self.viewer, "scores", None)

    @property
    def seen(self) -> str:
        version = self.scores.taste_version if self.scores else ""
        return f"{self.viewer.pk}.{self.state}.{version}"


@dataclass(frozen=True)
class NightPage:
    night: FilmNight
    members: list[Member]
    picks: list[tuple[Pick, list[str]]]
    poll: Poll | None

    @property
    def you_host(self) -> bool:
        return any(member.is_you and member.is_host for member in self.members)

    @property
    def has_room(self) -> bool:
        return len(self.members) < MOST_VIEWERS

    @property
    def is_complete(self) -> bool:
        """Everybody's scores are there, if only from before the last change."""
        return all(member.scores for member in self.members)

    @property
    def is_waiting(self) -> bool:
        return any(member.state == State.WAITING for member in self.members)

    @property
    def failed(self) -> bool:
        return any(m.state in {State.FAILED, State.TIMED_OUT} for m in self.members)


def night_page(
    night: FilmNight,
    you: Viewer,
    look: Callable[[Viewer], Standing],
    since: datetime | None = None,
) -> NightPage:
    """`look` says where the home run of a viewer stands, and asks for it if need be."""
    since = since or timezone.now()
    members = members_of(night, you, look, since)
    names = {member.viewer: member.name for member in members}
    together = len(members) > 1 and all(member.scores for member in members)
    picks = nights.picks([member.viewer for member in members]) if together else []
    return NightPage(
        night,
        members,
        [(pick, [names[viewer] for viewer in pick.risks]) for pick in picks],
        poll_of(night, members, since),
    )


def members_of(
    night: FilmNight, you: Viewer, look: Callable[[Viewer], Standing], since: datetime
) -> list[Member]:
    active = active_model_id()
    viewers = night.members()
    found = []
    for viewer, name in zip(viewers, names_of(viewers), strict=True):
        waiting = None if is_fresh(viewer, active) else part(look(viewer), "scores", since)
        state = waiting.state if waiting else State.READY
        is_host = viewer.pk == night.host_id
        found.append(Member(viewer, name, viewer.pk == you.pk, is_host, state, waiting))
    return found


def names_of(viewers: list[Viewer]) -> list[str]:
    """Two guests without a name are told apart by a number."""
    taken: Counter[str] = Counter()
    names = []
    for viewer in viewers:
        taken[viewer.display_name] += 1
        count = taken[viewer.display_name]
        names.append(f"{viewer.display_name} {count}" if count > 1 else viewer.display_name)
    return names


def is_fresh(viewer: Viewer, model_id: int | None) -> bool:
    scores: Scores | None = getattr(viewer, "scores", None)
    made_from = (scores.model_id, scores.taste_version) if scores else None
    return made_from == (model_id, viewer.taste_version)


def poll_of(night: FilmNight, members: list[Member], since: datetime) -> Poll | None:
    """Fast while something is being worked out, then slowly, and not for ever."""
    waiting = [member.part for member in members if member.part and member.part.polls]
    if not waiting and timezone.now() - since > PATIENCE:
        return None
    delay, every = min(map(rhythm, waiting), default=(LOOKING, LOOKING))
    path = reverse("fragment-night", args=[night.token])
    seen = "-".join(member.seen for member in members)
    return Poll(path, int(since.timestamp()), seen, delay, every)
