"""A viewer's top picks as they were last made, for those who ask for no new ones."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from recommendations.models import Movie, Prediction, Viewer
from recommendations.models.marks import done_with
from recommendations.models.prediction import HOME
from recommendations.shelves import SHOWN
from recommendations.views.cards import Card


@dataclass(frozen=True)
class Picks:
    cards: list[Card]
    made_at: datetime | None = None


def newest_picks(viewer: Viewer) -> Picks:
    """The newest good run's top picks that the viewer has neither rated nor put out of sight."""
    good = Prediction.objects.of(viewer, HOME).filter(status=Prediction.Status.SUCCEEDED)
    run = good.order_by("-pk").first()
    items = run.result.get("top-picks", {}).get("items", []) if run else []
    gone = done_with(viewer)
    items = [item for item in items if item["movie"] not in gone][:SHOWN]
    return Picks(_cards(items), run.finished_at if run else None)


def _cards(items: list[dict[str, Any]]) -> list[Card]:
    named = {film for item in items for film in (item["movie"], *item["because"])}
    films = Movie.objects.in_bulk(named)
    return [
        Card(
            films[item["movie"]],
            item["stars"],
            [films[film] for film in item["because"] if film in films],
        )
        for item in items
        if item["movie"] in films
    ]
