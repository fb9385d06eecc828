"""Every address, read from the URLconf."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver, reverse


@dataclass(frozen=True)
class Address:
    """A named URL, and the names of its arguments."""

    name: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        return self.name

    def path(self, given: Mapping[str, object]) -> str:
        return reverse(self.name, kwargs={name: given[name] for name in self.arguments})


def addresses() -> list[Address]:
    """All named ones of the site's own."""
    return list(_named(get_resolver("recommendations.urls")))


def _named(resolver: URLResolver, outer: tuple[str, ...] = ()) -> Iterator[Address]:
    for pattern in resolver.url_patterns:
        arguments = (*outer, *pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLResolver):
            yield from _named(pattern, arguments)
        elif pattern.name:
            yield Address(pattern.name, arguments)


@dataclass(frozen=True)
class Route:
    """A URL of whatever app, the admin's too; `name` is its route if it has none."""

    name: str
    pattern: URLPattern
    arguments: tuple[str, ...]


def routes(
    resolver: URLResolver | None = None,
    before: str = "",
    outer: tuple[str, ...] = (),
    space: str = "",
) -> Iterator[Route]:
    for pattern in (resolver or get_resolver()).url_patterns:
        route = f"{before}{pattern.pattern}"
        arguments = (*outer, *pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else space
            yield from routes(pattern, route, arguments, inner)
        else:
            yield Route(f"{space}{pattern.name}" if pattern.name else route, pattern, arguments)
