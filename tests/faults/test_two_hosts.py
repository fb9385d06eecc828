"""Two hosts on one PostgreSQL share the work; neither does what the other has done.

Each has a data folder, a process group, a host name and a network of its own, as far as the
machine allows; what they share is the database, the models and the secret.
"""

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import boto3
import psutil
import pytest
from moto.server import ThreadedMotoServer

from tests.e2e.running import ROOT, until
from tests.faults.service import PATIENCE, Service

HOSTS = ("host-a", "host-b")

#: Nothing may be lost because a machine is slow, or something would rightly be done twice.
PATIENT = {"PREDICTION_LEASE": "60", "PREDICTION_TIMEOUT": "120", "WORKER_STALL": "60"}


@pytest.fixture
def bucket() -> Iterator[str]:
    """The URL of models in an empty bucket."""
    running = ThreadedMotoServer(port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    server = f"http://{host}:{port}"
    access = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    s3 = boto3.resource("s3", endpoint_url=server, region_name="us-east-1", **access)
    s3.create_bucket(Bucket="films")
    yield f"s3://films/models?endpoint_url={server}&region_name=us-east-1"
    running.stop()


def test_with_models_on_s3(postgres_service: Service, bucket: str) -> None:
    credentials = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    postgres_service.environment |= credentials | {"MODEL_STORAGE_URL": bucket}
    share_the_work(postgres_service, namespaces("--uts"))
    for host in HOSTS:
        assert not (postgres_service.folder / host / "models").exists()


def test_with_models_in_a_folder_that_they_share(postgres_service: Service) -> None:
    for host in HOSTS:
        (postgres_service.folder / host).mkdir()
        (postgres_service.folder / host / "models").symlink_to(postgres_service.folder / "models")
    share_the_work(postgres_service, namespaces("--uts", "--net"))


def share_the_work(service: Service, apart: list[str]) -> None:
    """Compute ahead for all viewers; while the model waits, both hosts have taken their part."""
    gate = service.folder / "gate"
    gate.touch()
    service.environment |= PATIENT | {"SLOW_UNTIL": str(gate)}
    service.manage("train", "--algorithm", "slow", "--param", "factors=4", "--force")
    gate.unlink()
    asked = service.manage("precompute", "--imported").stdout
    for name in HOSTS:
        start(service, name, apart)
    claimed = until(lambda: all_have_claimed(service), seconds=PATIENCE)
    gate.touch()
    rows = until(lambda: all_done(service), seconds=2 * PATIENCE, every=0.3)
    assert asked == f"Asked for {len(rows)} predictions.\n"
    assert len(rows) == len({viewer for viewer, *_ in rows}) >= 40
    assert {tuple(state) for _, _, *state in rows} == {("succeeded", 1)}
    assert done_in_logs(service) == {pk: 1 for _, pk, *_ in rows}
    if apart:
        assert claimed == set(HOSTS)
    for name in HOSTS:
        assert len(list((service.folder / name / "model-cache").iterdir())) == 1


def namespaces(*kinds: str) -> list[str]:
    """What a command begins with that is to run in namespaces of its own, if it may."""
    unshare = shutil.which("unshare")
    for rights in ([], ["--user", "--map-root-user"]):
        begin = [unshare or "false", *rights, *kinds]
        tried = subprocess.run([*begin, "hostname", "else"], check=False, capture_output=True)
        if tried.returncode == 0:
            return begin
    return []


def start(service: Service, name: str, apart: list[str]) -> None:
    (service.folder / name).mkdir(exist_ok=True)
    own = {
        "DATA_DIR": str(service.folder / name),
        "SECRET_KEY": (service.folder / "secret_key").read_text(),
        "HOST": name,
    }
    work = [sys.executable, str(ROOT / "manage.py"), "runworkers"]
    work += ["--queue", "batch", "--workers", "2"]
    named = ["sh", "-c", 'hostname "$HOST" && exec "$@"', "sh"] if apart else []
    with (service.folder / f"{name}.log").open("ab") as output:
        service.hosts.append(
            subprocess.Popen(
                [*apart, *named, *work],
                env=service.env | own,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        )


def all_have_claimed(service: Service) -> set[str]:
    """The hosts' names in the claims, once each host's processes have some."""
    rows = service.query(
        "SELECT claimed_by FROM recommendations_prediction WHERE status = 'running'"
    )
    claims = dict(re.fullmatch(r"(.*):(\d+)", by).group(2, 1) for (by,) in rows)  # type: ignore[union-attr,misc]
    theirs = [
        {str(child.pid) for child in psutil.Process(host.pid).children(recursive=True)}
        for host in service.hosts
    ]
    return set(claims.values()) if all(set(claims) & pids for pids in theirs) else set()


def all_done(service: Service) -> list[tuple[int, int, str, int]]:
    rows = service.query(
        "SELECT viewer_id, id, status, attempt FROM recommendations_prediction WHERE key = 'home'"
    )
    waiting = any(status in {"queued", "running"} for _, _, status, _ in rows)
    return [] if waiting else [(viewer, pk, state, tries) for viewer, pk, state, tries in rows]


def done_in_logs(service: Service) -> Counter[int]:
    """How often the hosts say of each prediction that they computed it."""
    said = "".join(service.log(name) for name in HOSTS)
    assert "not mine any more" not in said
    return Counter(map(int, re.findall(r"Prediction (\d+), attempt \d+ succeeded", said)))
