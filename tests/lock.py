"""Holds the lock files in step with pyproject.toml: compares, or writes them with --write."""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPILE = ["uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header"]

#: The lock files, and what each is compiled with.
LOCKS = {
    "requirements.txt": [],
    "requirements-s3.txt": ["--extra", "s3", "--constraints", "requirements.txt"],
    "requirements-dev.txt": ["--group", "dev", "--constraints", "requirements.txt"],
}


def compile_lock(name: str, folder: Path) -> str:
    """Resolve again, keeping the versions that are locked already."""
    output = folder / name
    output.write_text((ROOT / name).read_text() if (ROOT / name).exists() else "")
    command = [*COMPILE, *LOCKS[name], "--output-file", str(output), "pyproject.toml"]
    subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=True, capture_output=True)
    return output.read_text()


def main() -> int:
    behind = []
    for name in LOCKS:
        with tempfile.TemporaryDirectory() as folder:
            fresh = compile_lock(name, Path(folder))
        if "--write" in sys.argv:
            (ROOT / name).write_text(fresh)
        elif fresh != (ROOT / name).read_text():
            behind.append(name)
    if behind:
        print(f"{', '.join(behind)}: not in step with pyproject.toml; run make lock.")
    return len(behind)


if __name__ == "__main__":
    sys.exit(main())
