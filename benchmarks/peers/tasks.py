"""What Celery's workers do: the model and the shelves are recsite's, the result is JSON."""

import os
from typing import Any

import numpy as np
from celery import Celery
from celery.signals import worker_process_init

from benchmarks.peers.pages import Json, cards, known_of, plain_shelf
from recommendations import training
from recommendations.models import Viewer
from recommendations.models.taste import Taste
from recommendations.pipeline.runs import fill_shelf
from recommendations.shelves import HOME_SHELVES, SHOWN, ModelShelf, QueryShelf, Scored

REDIS = os.environ.get("PEER_REDIS", "redis://127.0.0.1:6379")

# Without Celery's care for Django, which would open and close a connection for each task.
app = Celery("peers", broker=f"{REDIS}/0", backend=f"{REDIS}/1", fixups=[])
app.conf.update(
    worker_prefetch_multiplier=1,
    task_time_limit=60,
    result_expires=3600,
    broker_connection_retry_on_startup=True,
    task_acks_late="late" in os.environ.get("PEER_ACKS", ""),
    task_reject_on_worker_lost="again" in os.environ.get("PEER_ACKS", ""),
)


@worker_process_init.connect  # type: ignore[untyped-decorator]  # Celery has no types
def load(**_: Any) -> None:
    training.load_active()


@app.task  # type: ignore[untyped-decorator]
def predict(viewer_id: int) -> list[Json]:
    """All shelves of one viewer, in page order."""
    viewer = Viewer.objects.get(pk=viewer_id)
    taste = viewer.taste()
    scored = score(viewer)
    filled = fill(scored, taste)
    stars = dict(zip(scored.model.film_ids.tolist(), scored.stars.tolist(), strict=True))
    shown: list[Json] = []
    for shelf in HOME_SHELVES:
        if isinstance(shelf, QueryShelf) and shelf.is_for(taste):
            taken = [card["id"] for each in shown for card in each["cards"]]
            shown.append(plain_shelf(shelf, viewer, taken, stars))
        elif shelf.slug in filled:
            shown.append(filled[shelf.slug])
    return [shelf for shelf in shown if shelf["cards"]]


def score(viewer: Viewer) -> Scored:
    loaded = training.load_active()
    assert loaded
    rated = dict(sorted(viewer.ratings.order_by().values_list("movie_id", "stars")))
    history = loaded.model.history(list(rated), list(rated.values()))
    scores = loaded.model.score(history, viewer.pk)
    stars = loaded.model.predict_stars(history, user=viewer.pk).stars
    return Scored.of(viewer, loaded.model, history, np.asarray(scores), stars)


def fill(scored: Scored, taste: Taste) -> dict[str, Json]:
    """By slug, the shelves that the viewer sees, each with the films behind *See all* too."""
    wanted = [shelf for shelf in HOME_SHELVES if isinstance(shelf, ModelShelf)]
    filled = {shelf: fill_shelf(shelf, scored) for shelf in wanted}
    known = known_of(filled.values())
    return {
        shelf.slug: part
        | {
            "slug": shelf.slug,
            "gives_reasons": True,
            "turns": len(part["items"]) > SHOWN,
            "cards": cards(part["items"][:SHOWN], known),
        }
        for shelf, part in filled.items()
        if shelf.is_for(taste)
    }
