"""The image, Compose, the units and the page: they run what there is, with settings that exist."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class

from recommendations.importers.exports.reading import LARGEST
from recommendations.views.probes import PROBES
from tests.deploying import (
    UNITS,
    commands,
    compose,
    documented_environment,
    image_command,
    own_services,
    unit,
)
from tests.e2e.running import ROOT

pytestmark = pytest.mark.once

#: What others than recsite read.
FOREIGN = {"WEB_CONCURRENCY"}


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_each_command_that_is_told_exists_and_takes_what_it_is_given(command: list[str]) -> None:
    program = Path(command[0]).name
    if program == "gunicorn":
        checked = [sys.executable, "-m", "gunicorn", *command[1:], "--check-config"]
        subprocess.run(checked, cwd=ROOT, check=True)
        return
    assert (program, command[1]) == ("python", "manage.py")
    name, *arguments = command[2:]
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    parser.parse_args(arguments)


def test_the_commands_of_all_parts_were_found() -> None:
    found = {" ".join(command[1:3]) for command in commands()}
    assert {"manage.py migrate", "manage.py runworkers", "recsite.wsgi --bind"} <= found
    assert {"manage.py precompute", "manage.py models", "manage.py collectstatic"} <= found


def settings_told() -> set[str]:
    readme = (ROOT / "README.md").read_text()
    return set(re.findall(r"^\| `([A-Z_]+)`", readme, re.MULTILINE))


def test_all_that_is_set_is_a_setting() -> None:
    given = set(documented_environment())
    for service in own_services().values():
        given |= set(service["environment"])
    image = (ROOT / "Dockerfile").read_text()
    given |= set(re.findall(r"\b(?!PYTHON)([A-Z]+_[A-Z_]+)=", image))
    assert {"DATABASE_URL", "STATIC_ROOT", "ALLOWED_HOSTS", "WORKERS"} <= given
    assert given <= settings_told() | FOREIGN


def test_running_work_may_end_before_anything_is_killed() -> None:
    grace = settings.WORKER_GRACE
    for path in UNITS:
        told = unit(path)
        if "recsite-migrate" not in path.name:
            assert told["KillMode"] == ["mixed"]
            assert int(told["TimeoutStopSec"][0]) >= grace + 10
    for name, service in own_services().items():
        if name != "migrate":
            assert int(service["stop_grace_period"].removesuffix("s")) >= grace + 10


def test_compose_starts_nothing_before_the_database_was_migrated() -> None:
    services, own = compose()["services"], own_services()
    assert set(services) - set(own) == {"db"}
    assert own.keys() >= {"migrate", "web"}
    assert own["migrate"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    migrated = {"migrate": {"condition": "service_completed_successfully"}}
    for name, service in own.items():
        assert name == "migrate" or service["depends_on"] == migrated
        assert {volume.partition(":")[0] for volume in service["volumes"]} <= set(
            compose()["volumes"]
        )


def test_every_queue_has_workers() -> None:
    for all_of_them in (
        [each.get("command", []) for each in own_services().values()],
        [line.split() for path in UNITS for line in unit(path)["ExecStart"]],
    ):
        given = [word for command in all_of_them for word in command if "runworkers" in command]
        assert {"predictions", "training", "batch"} <= set(given)


def test_the_image_has_all_that_the_site_is_made_of() -> None:
    """And nothing that it does not name: what is ignored cannot be copied."""
    ignored, *let_in = (ROOT / ".dockerignore").read_text().split()
    copied = re.findall(
        r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE
    )
    names = {name for line in copied for name in line.split()}
    assert ignored == "*"
    assert names == {name.removeprefix("!") for name in let_in if name.startswith("!")}
    assert all((ROOT / name).exists() for name in names)
    assert "--bind" in image_command()


def test_what_asks_whether_the_image_is_well_asks_what_is_answered() -> None:
    (probe,) = re.findall(r"http://127\.0\.0\.1:8000(/\w+)", (ROOT / "Dockerfile").read_text())
    assert probe in PROBES
    (shown,) = re.findall(r"location ~ \^/\((.+)\)\$", (ROOT / "deploy/nginx.conf").read_text())
    assert {f"/{name}" for name in shown.split("|")} == set(PROBES)


def test_the_documented_settings_pass_djangos_check_of_deployments(tmp_path: Path) -> None:
    environment = documented_environment() | {"DATA_DIR": str(tmp_path)}
    checked = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=environment | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout == "System check identified no issues (0 silenced).\n"


def test_nginx_lets_the_largest_export_through() -> None:
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    (megabytes,) = re.findall(r"client_max_body_size (\d+)m;", text)
    assert LARGEST < int(megabytes) * 2**20 < 2 * LARGEST


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    (tmp_path / "none.env").touch()
    for path in UNITS:
        text = path.read_text()
        text = text.replace("/opt/recsite/.venv/bin", str(Path(sys.executable).parent))
        (tmp_path / path.name).write_text(text.replace("/opt/recsite", str(ROOT)))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(tmp_path.glob("*.service"))],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in verified.stderr.splitlines() if "recsite" in line]
    assert (verified.returncode, ours) == (0, [])
