"""Log lines: one an event, with the ids of what they are about, and without secrets."""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from pythonjsonlogger.json import JsonFormatter

Ids = Mapping[str, int | str]

_bound: ContextVar[Ids] = ContextVar("ids", default=MappingProxyType({}))

#: What an address holds that opens a door to whoever knows it: arguments of URLs, and how they
#: look in words, where an address may have led nowhere.
SECRETS = ("token", "key", "uidb36")
SECRET = re.compile(r"(/(?:feeds|shared|nights)/|/password/reset/key/)[^/\s]+")


@contextmanager
def bound(**ids: int | str) -> Iterator[None]:
    """Let all lines that are written in the block carry these ids."""
    token = _bound.set({**_bound.get(), **ids})
    try:
        yield
    finally:
        _bound.reset(token)


def path_of(request: HttpRequest) -> str:
    """The path without what must stay secret."""
    path = request.path
    match = request.resolver_match
    for name in SECRETS:
        if match and match.kwargs.get(name):
            path = path.replace(str(match.kwargs[name]), "…")
    return SECRET.sub(r"\1…", path)


class Context(logging.Filter):
    """Gives each record its ids, and takes from it what need not or must not be written."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.ids = dict(_bound.get())
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
            safe = path_of(request)
            record.args = tuple(safe if arg == request.path else arg for arg in record.args)
        if record.exc_info and isinstance(record.exc_info[1], OperationalError | InterfaceError):
            reason = str(record.exc_info[1]).strip().partition("\n")[0]
            record.msg, record.args = "%s: %s", (record.getMessage(), reason)
            record.exc_info = None
        said = record.getMessage()
        if SECRET.search(said):
            record.msg, record.args = SECRET.sub(r"\1…", said), None
        return True


class Line(logging.Formatter):
    """For people: whatever has several lines, a traceback too, is made one."""

    def format(self, record: logging.LogRecord) -> str:
        ids: Ids = getattr(record, "ids", {})
        record.said = "".join(f" {name}={value}" for name, value in ids.items())
        return " | ".join(super().format(record).splitlines())


class Json(JsonFormatter):
    """For machines: an object a line."""

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            json_ensure_ascii=False,
        )

    def add_fields(
        self,
        log_data: dict[str, Any],
        record: logging.LogRecord,
        message_dict: dict[str, Any],
    ) -> None:
        super().add_fields(log_data, record, message_dict)
        for name in ("request", "said", "ids"):
            log_data.pop(name, None)
        log_data.update(getattr(record, "ids", {}))
