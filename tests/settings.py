"""The site's own settings, with the algorithms through which tests inject faults."""

import os
import tempfile

os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="recsite-tests-"))
os.environ.setdefault("BROWSE_AS", "true")
os.environ.setdefault("LOG_LEVEL", "WARNING")

from recsite.settings import *
from recsite.settings import ALGORITHMS, DATA_DIR, DATABASES, STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
ALGORITHMS = ALGORITHMS | {
    name: f"tests.algorithms.{name.title()}"
    for name in ("slow", "broken", "forgetful", "vanishing", "interrupted", "faulty")
}

# In a file: threads that share a database in memory lock each other out.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "tests.sqlite3"}

# WhiteNoise warns of a folder that collectstatic has not made.
(DATA_DIR / "static").mkdir(exist_ok=True)
