"""Saying what was removed, with a button that brings it back; also where there is no HTMX."""

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpRequest
from django.template.loader import render_to_string


def say_removed(
    request: HttpRequest, said: str, path: str, page: str, fields: Mapping[str, str] | None = None
) -> None:
    """A message for the next page; its form posts `fields` to `path` and comes back to `page`."""
    context = {"said": said, "path": path, "next": page, "fields": fields or {}}
    messages.success(request, render_to_string("recommendations/_undo.html", context, request))
