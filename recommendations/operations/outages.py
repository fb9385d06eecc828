"""What has to go on while the database is away."""

import contextlib
import logging
from collections.abc import Callable, Iterator

from django.db import Error, connection

logger = logging.getLogger(__name__)


@contextlib.contextmanager
def surviving(what: str, then: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Say that the block could not do its work, and go on; the next try opens a new connection."""
    try:
        yield
    except Error as error:
        logger.warning("%s: %s", what, str(error).strip())
        connection.close()
        then()
