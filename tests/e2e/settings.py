"""The tests' settings, with static files as they are deployed: hashed and compressed."""

from tests.settings import *
from tests.settings import STORAGES

STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
}
