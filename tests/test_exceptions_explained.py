"""Each exception from ruff's security rules says why."""

import re
from pathlib import Path

from django.conf import settings

IGNORED = re.compile(r"#\s*noqa:[^#]*\bS\d+")


def unexplained(path: Path) -> list[int]:
    """Lines whose exception has neither words beside it nor a comment above it."""
    lines = path.read_text().splitlines()
    return [
        number
        for number, line in enumerate(lines, start=1)
        if IGNORED.search(line)
        and not re.search(r"noqa:[^#]*\(\w.+\)", line)
        and not lines[number - 2].lstrip().startswith("#")
    ]


def test_each_exception_from_a_security_rule_is_explained() -> None:
    paths = [
        path
        for folder in ("recommendations", "recsite", "tests", "benchmarks")
        for path in Path(settings.BASE_DIR, folder).rglob("*.py")
    ]
    assert {str(path): found for path in paths if (found := unexplained(path))} == {}
