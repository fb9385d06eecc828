"""Looks up each locked package in a database of known vulnerabilities, by pip-audit.

When no database answers, nothing was audited: that is a failure, and told as one.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from tests.lock import LOCKS, ROOT

#: How long a source may take to answer.
SECONDS = 60
SERVICES = ("osv", "pypi")

#: Known to be vulnerable. A source that knows nothing of it would call everything clean.
CANARY = "urllib3==1.24.1"

PIP_AUDIT = [sys.executable, "-m", "pip_audit", "--disable-pip", "--progress-spinner=off"]


class Audit(NamedTuple):
    """What was found out of the packages of one lock file."""

    audited: int
    skipped: list[str]
    vulnerable: list[str]


def main() -> int:
    service = next(filter(answers, SERVICES), None)
    if service is None:
        print(f"NOTHING WAS AUDITED: no source of advisories ({', '.join(SERVICES)}) answers.")
        return 1
    failed = [name for name in LOCKS if told(name, ask(service, ROOT / name))]
    return len(failed)


def answers(service: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        canary = Path(folder, "requirements.txt")
        canary.write_text(f"{CANARY}\n")
        found = ask(service, canary, "--no-deps")
    return found is not None and bool(found.vulnerable)


def ask(service: str, lock: Path, *options: str) -> Audit | None:
    """None if it does not answer."""
    where = ["--vulnerability-service", service, "--timeout", str(SECONDS)]
    command = [*PIP_AUDIT, *options, *where, "--format=json", "--requirement", str(lock)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return read(json.loads(answer.stdout))
    except (ValueError, KeyError, TypeError):
        return None


def read(report: dict[str, Any]) -> Audit:
    packages = report["dependencies"]
    asked = [package for package in packages if "skip_reason" not in package]
    return Audit(
        len(asked),
        [package["name"] for package in packages if "skip_reason" in package],
        [
            f"{package['name']} {package['version']}: {flaw['id']}, "
            f"mended in {', '.join(flaw['fix_versions']) or 'no version'}"
            for package in asked
            for flaw in package["vulns"]
        ],
    )


def told(name: str, found: Audit | None) -> bool:
    """Print what came of it; whether that is a failure."""
    if found is None or not found.audited:
        print(f"{name}: NOTHING WAS AUDITED: the source of advisories knows none of its packages.")
        return True
    if found.skipped:
        print(f"{name}: not audited: {', '.join(found.skipped)}.")
    for line in found.vulnerable:
        print(f"{name}: {line}")
    print(f"{name}: {found.audited} packages audited, {len(found.vulnerable)} flaws known.")
    return bool(found.vulnerable or found.skipped)


if __name__ == "__main__":
    sys.exit(main())
