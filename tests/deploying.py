"""What is deployed, read from the files that people use."""

import re
import shlex
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.running import ROOT

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
DOC = ROOT / "docs" / "deploy.md"


def compose() -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return told


def own_services() -> dict[str, dict[str, Any]]:
    return {name: each for name, each in compose()["services"].items() if "build" in each}


def unit(path: Path) -> dict[str, list[str]]:
    """The `[Service]` of a unit; what is said twice has two values."""
    parser = RawConfigParser(strict=False, comment_prefixes="#", delimiters="=")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    repeated = re.findall(r"^(\w+)=(.*)$", path.read_text(), re.MULTILINE)
    return {name: [value for key, value in repeated if key == name] for name in parser["Service"]}


def image_command() -> list[str]:
    last = re.findall(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[-1]
    command: list[str] = yaml.safe_load(last)
    return command


def commands() -> list[list[str]]:
    """Every command that Compose, the image, the units and the page run or tell to run."""
    found = [
        image_command(),
        *(each["command"] for each in own_services().values() if "command" in each),
    ]
    for path in UNITS:
        found += [shlex.split(line) for line in unit(path)["ExecStart"]]
    text = DOC.read_text().replace("\\\n", " ")
    found += [
        shlex.split(line) for line in re.findall(r"^\| [\w ,]+ \| `(.+)` \|$", text, re.MULTILINE)
    ]
    told = r"(?:manage\.py) [a-z_]+(?: [^`|&\n]*)?"
    found += [["python", *shlex.split(each)] for each in re.findall(told, text)]
    return found


def section(title: str) -> str:
    """What the page says under a heading."""
    return re.split(r"^## ", DOC.read_text().partition(f"\n## {title}\n")[2], flags=re.MULTILINE)[
        0
    ]


def blocks(title: str, kind: str = "sh") -> list[str]:
    """The blocks of code under a heading."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", section(title), re.MULTILINE | re.DOTALL)


def documented_environment() -> dict[str, str]:
    [lines] = blocks("One host, with systemd", "ini")
    return dict(line.split("=", 1) for line in lines.splitlines())
