"""Every named address of the site, read from the URLconf."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.urls import URLResolver, get_resolver, reverse


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
    """All of the site's own."""
    return list(_named(get_resolver("recommendations.urls")))


def _named(resolver: URLResolver, outer: tuple[str, ...] = ()) -> Iterator[Address]:
    for pattern in resolver.url_patterns:
        arguments = (*outer, *pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLResolver):
            yield from _named(pattern, arguments)
        elif pattern.name:
            yield Address(pattern.name, arguments)
