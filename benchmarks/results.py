"""What a benchmark found: printed beside the machine it ran on, and kept as JSON."""

import json
import os
import platform
import re
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

KEPT = Path(__file__).resolve().parent / "results"


def machine() -> str:
    facts = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    model = facts[1] if facts else platform.processor()
    return f"{os.cpu_count()} × {model}, Python {platform.python_version()}"


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, and how far the most of them lie around it."""
    ordered = sorted(values)
    if len(ordered) < 2:
        return dict.fromkeys(("p5", "p50", "p95"), ordered[0])
    cuts = statistics.quantiles(ordered, n=20, method="inclusive")
    return {"p5": cuts[0], "p50": statistics.median(ordered), "p95": cuts[-1]}


def told(values: dict[str, float]) -> str:
    """Seconds, for people."""
    return "  ".join(f"{name} {1000 * value:9.1f} ms" for name, value in values.items())


def of_all(name: str, what: str, number: int, found: dict[str, Any]) -> dict[str, Any]:
    """By number, what was found now of one, and what was kept of the others."""
    path = KEPT / f"{name}.json"
    kept = json.loads(path.read_text())[what] if path.exists() else {}
    every = kept | {str(number): found}
    return dict(sorted(every.items(), key=lambda item: int(item[0])))


def keep(name: str, found: dict[str, Any]) -> None:
    KEPT.mkdir(exist_ok=True)
    path = KEPT / f"{name}.json"
    path.write_text(json.dumps({"machine": machine()} | found, indent=1) + "\n")
    print(f"kept in {path.relative_to(Path.cwd())}")
