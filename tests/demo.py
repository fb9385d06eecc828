"""Runs `make demo` as a newcomer would, looks at the site, stops it, and looks for what is left.

python -m tests.demo
"""

import os
import subprocess
import sys
import tempfile
import time

import psutil

from tests.e2e.running import ROOT, Visitor, free_port, still_alive, until


def main() -> int:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="recsite-demo-") as folder:
        started = time.monotonic()
        demo = start(port, folder)
        try:
            wait_until_up(demo)
            print(f"up after {time.monotonic() - started:.1f} s")
            look(f"http://127.0.0.1:{port}/")
        finally:
            family = [*psutil.Process(demo.pid).children(recursive=True), psutil.Process(demo.pid)]
            demo.terminate()
            code = demo.wait(timeout=20)
    left = still_alive(family)
    print(f"make ended with {code}; {len(family)} processes were running, {len(left)} are left")
    return 1 if left else 0


def start(port: int, folder: str) -> "subprocess.Popen[str]":
    environment = os.environ | {"PORT": str(port), "DATA_DIR": folder}
    return subprocess.Popen(
        ["make", "demo"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )


def wait_until_up(demo: "subprocess.Popen[str]") -> None:
    assert demo.stdout
    for line in demo.stdout:
        print(line, end="")
        if "recsite is up" in line:
            return
    raise SystemExit("make demo ended before the site was up")


def look(url: str) -> None:
    """Fetch the home page, then one finished shelf, as one who browses as somebody."""
    visitor = Visitor(url)
    home = visitor.browse_as_somebody()
    assert "Top picks for you" in home
    asked = time.monotonic()
    films = until(lambda: visitor.shelf_films("top-picks"), seconds=30)
    print(f"{len(films)} top picks {time.monotonic() - asked:.1f} s after the home page")


if __name__ == "__main__":
    sys.exit(main())
