"""The demo's workers: from the enqueued task to the finished fragment."""

from tests.e2e.running import RunningSite, until


def test_from_the_enqueued_task_to_the_finished_fragment(site: RunningSite) -> None:
    visitor = site.visitor()
    assert "Top picks for you" in visitor.browse_as_somebody()
    films = until(lambda: visitor.shelf_films("top-picks"))
    assert len(films) > 5
    row = site.shell(
        "p = Prediction.objects.first(); print(p.status, p.attempt, p.queue_seconds < 10)"
    )
    assert row == "succeeded 1 True"
