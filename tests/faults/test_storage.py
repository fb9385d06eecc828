"""Artifacts that cannot be stored, are damaged, or go away while they are used."""

from collections.abc import Callable
from pathlib import Path

import psutil

from tests.e2e.running import until
from tests.faults.service import PATIENCE, Service

#: So much fits on the disk; the arrays of a model with 400 factors do not.
FULL = 60_000

ASK = """
from recommendations.pipeline import trainings
print(trainings.ask("svd", {"factors": 400, "epochs": 1}).pk)
"""


def state(service: Service, model: int) -> tuple[str, str, str]:
    """How it stands, what went wrong, and the name of its artifact."""
    sql = "SELECT state, error, checksum FROM recommendations_trainedmodel WHERE id = "
    [row] = service.query(f"{sql}{model}")
    return row[0], row[1], row[2]


def active(service: Service) -> int:
    sql = "SELECT id FROM recommendations_trainedmodel WHERE state = 'active'"
    [(pk,)] = service.query(sql)
    return int(pk)


def ended(service: Service, model: int) -> Callable[[], bool]:
    return lambda: state(service, model)[0] != "training"


def made_by(service: Service, guest: int) -> list[int]:
    """The models of a guest's good runs, the first first."""
    viewer = service.guests[guest].viewer
    good = f"viewer_id = {viewer} AND status = 'succeeded'"
    sql = f"SELECT model_id FROM recommendations_prediction WHERE {good} ORDER BY id"  # noqa: S608 (our own words)
    return [model for (model,) in service.query(sql)]


def test_the_disk_is_full_while_an_artifact_is_saved(
    postgres_service: Service, tmp_path: Path
) -> None:
    service = postgres_service
    drafts = tmp_path / "drafts"
    drafts.mkdir()
    service.start_web()
    service.start_workers("--queue", "training", environment={"TMPDIR": str(drafts)})
    service.start_workers("--queue", "predictions")
    [(trainer, _)] = service.workers("training")
    limits = psutil.Process(trainer).rlimit(psutil.RLIMIT_FSIZE)
    before, stored = active(service), files_in(service.folder / "models")
    with service.watched():
        psutil.Process(trainer).rlimit(psutil.RLIMIT_FSIZE, (FULL, limits[1]))
        model = int(service.shell(ASK))
        until(ended(service, model), seconds=PATIENCE)
        service.come(0)
        service.until_done(1)
    status, error, checksum = state(service, model)
    assert (status, checksum) == ("failed", "")
    assert "cannot be written" in error.strip().rpartition("\n")[2]
    assert files_in(service.folder / "models") == stored
    assert not [path for path in files_in(drafts) if path.suffix in {".npy", ".json"}]
    assert active(service) == before
    psutil.Process(trainer).rlimit(psutil.RLIMIT_FSIZE, limits)
    model = int(service.shell(ASK))
    until(ended(service, model), seconds=PATIENCE)
    assert state(service, model)[0] in {"ready", "active"}


def files_in(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def truncated(array: Path) -> None:
    content = array.read_bytes()
    array.write_bytes(content[: len(content) // 2])


def bit_flipped(array: Path) -> None:
    content = bytearray(array.read_bytes())
    content[-1] ^= 1
    array.write_bytes(content)


def missing(array: Path) -> None:
    array.unlink()


DAMAGES = (truncated, bit_flipped, missing)

TRAIN = """
from recommendations import training
for factors in (5, 6, 7):
    model = training.train("svd", {"factors": factors, "epochs": 1})
    print(model.pk, model.checksum)
"""

#: As if it had been damaged after it went to work: the command would refuse it.
ACTIVATE = "TrainedModel.objects.get(pk={}).activate()"


def test_artifacts_truncated_bit_flipped_and_missing(sqlite_service: Service) -> None:
    service = sqlite_service
    good = active(service)
    models = [line.split() for line in service.shell(TRAIN).splitlines()]
    service.start_web()
    service.start_workers("--queue", "predictions")
    with service.watched():
        for guest, (damage, (model, checksum)) in enumerate(zip(DAMAGES, models, strict=True)):
            damage(max((service.folder / "models" / checksum).glob("*.npy")))
            service.shell(ACTIVATE.format(model))
            service.come(guest)
            service.until_done(guest + 1)
            assert made_by(service, guest) == [good]
            assert active(service) == good
            assert state(service, int(model))[0] == "failed"
            assert "cannot be loaded" in state(service, int(model))[1]
    assert {row["attempt"] for row in service.predictions()} == {1}
    assert len(service.films(0)) > 5


def test_models_activated_rolled_back_and_deleted_in_the_middle_of_a_run(
    postgres_service: Service,
) -> None:
    service = postgres_service
    service.environment["PREDICTION_TIMEOUT"] = "60"  # commands take their time
    service.manage("train", "--algorithm", "faulty", "--param", "factors=5", "--no-activate")
    old, new = active(service), active(service) + 1
    service.start_web()
    service.start_workers("--queue", "predictions", "--workers", "3")
    with service.watched():
        in_the_middle_of_a_run(service, 0, ["activate", str(new)])
        assert made_by(service, 0) == [old, new]
        in_the_middle_of_a_run(service, 1, ["rollback"])
        assert made_by(service, 1) == [new, old]
        in_the_middle_of_a_run(service, 2, ["activate", str(new)], ["delete", str(old)])
        assert made_by(service, 2) == [new]
    assert len(service.films(2)) > 5
    assert set(service.statuses()) == {"succeeded"}


def in_the_middle_of_a_run(service: Service, guest: int, *commands: list[str]) -> None:
    """Do this to the models while the guest's run is at work, and wait for the end of it all."""
    service.fault("wait")
    service.come(guest)
    service.claimed()
    for command in commands:
        service.manage("models", *command)
    service.no_fault()
    service.until_done(1)
    until(lambda: made_by(service, guest)[-1:] == [active(service)], seconds=PATIENCE)
