"""Data sets by name, from GroupLens."""

import hashlib
import os
import re
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

from django.conf import settings

from recommendations.importers.report import ImportFailed, Progress, Step

if TYPE_CHECKING:
    from http.client import HTTPResponse

BASE_URL = "https://files.grouplens.org/datasets/movielens"

DATA_SETS = (
    "ml-latest-small",
    "ml-latest",
    "ml-32m",
    "ml-25m",
    "ml-20m",
    "ml-10m",
    "ml-1m",
    "ml-100k",
)

#: Seconds in which the server has to say something.
TIMEOUT = 30
CHUNK = 1 << 20
MD5 = re.compile(rb"\b[0-9a-fA-F]{32}\b")


def stored_zip(name: str) -> Path:
    return Path(settings.DATA_DIR) / f"{name}.zip"


def download(name: str, progress: Progress) -> Path:
    """Fetch the data set `name` into DATA_DIR; the zip appears there whole and checked."""
    draft = stored_zip(name).with_name(f".{name}.zip.{os.getpid()}")
    try:
        if fetch(name, draft, progress) != published_md5(name):
            raise by_hand(name, "the checksum does not match")
        draft.replace(stored_zip(name))
    except (OSError, HTTPException) as error:
        raise by_hand(name, str(error) or type(error).__name__) from error
    finally:
        draft.unlink(missing_ok=True)
    return stored_zip(name)


def fetch(name: str, draft: Path, progress: Progress) -> str:
    """Write the zip to `draft` and return its checksum."""
    md5 = hashlib.md5(usedforsecurity=False)
    with answer(f"{name}.zip") as response, draft.open("wb") as file:
        step = Step(f"{name}.zip", int(response.headers.get("Content-Length") or 0))
        progress(step, 0)
        while chunk := response.read(CHUNK):
            md5.update(chunk)
            file.write(chunk)
            progress(step, file.tell())
    return md5.hexdigest()


def published_md5(name: str) -> str:
    with answer(f"{name}.zip.md5") as response:
        found = MD5.search(response.read(CHUNK))
    if not found:
        raise by_hand(name, "its checksum is not published")
    return found[0].decode().lower()


def answer(file: str) -> "HTTPResponse":
    # BASE_URL begins with https, so that no other scheme can be meant.
    response: HTTPResponse = urlopen(f"{BASE_URL}/{file}", timeout=TIMEOUT)  # noqa: S310
    return response


def by_hand(name: str, why: str) -> ImportFailed:
    return ImportFailed(
        f"Could not download {name} ({why}); get {BASE_URL}/{name}.zip by other means "
        f"and give its path, or put it at {stored_zip(name)}."
    )
