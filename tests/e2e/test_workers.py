"""The demo's workers: from the enqueued task to the finished fragment."""

import psutil

from tests.e2e.running import NICE, RunningSite, until


def test_from_the_enqueued_task_to_the_finished_fragment(site: RunningSite) -> None:
    visitor = site.visitor()
    assert "Top picks for you" in visitor.browse_as_somebody()
    films = until(lambda: visitor.shelf_films("top-picks"))
    assert len(films) > 5
    row = site.shell(
        "p = Prediction.objects.first(); print(p.status, p.attempt, p.queue_seconds < 10)"
    )
    assert row == "succeeded 1 True"


def test_workers_stand_back_for_pages(site: RunningSite) -> None:
    pids = until(
        lambda: site.shell("print(*Worker.objects.values_list('pid', flat=True))").split()
    )
    assert site.process
    web = psutil.Process(site.process.pid).nice()
    assert {psutil.Process(int(pid)).nice() for pid in pids} == {web + int(NICE)}
