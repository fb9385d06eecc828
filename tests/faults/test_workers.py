"""Workers and clusters that die, hang or stall: nothing is lost, nothing is done twice."""

from tests.e2e.running import until
from tests.faults.service import Service, kill


def test_a_worker_killed_in_the_middle(service: Service) -> None:
    service.start_web()
    service.start_workers("--queue", "predictions")
    service.fault("wait")
    with service.watched():
        service.come(0)
        kill(service.busy_worker())
        service.no_fault()
        [row] = service.until_done(1)
    assert row["attempt"] == 2
    assert len(service.films(0)) > 5


def test_idle_workers_killed(sqlite_service: Service) -> None:
    service = sqlite_service
    service.start_web()
    service.start_workers("--queue", "predictions")
    before = service.cluster().pid
    with service.watched():
        kill(*(pid for pid, _ in service.workers()))
        service.come(0)
        [row] = service.until_done(1)
    assert row["attempt"] == 1
    assert until(lambda: service.cluster().pid) != before
    assert "is replaced" in service.log()
