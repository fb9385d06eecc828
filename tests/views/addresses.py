"""Every named address of the site, read from the URLconf."""

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
    """All of the site's own."""
    return [
        Address(pattern.name, tuple(pattern.pattern.regex.groupindex))
        for pattern in _patterns(get_resolver("recommendations.urls"))
        if pattern.name
    ]


def _patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield pattern
        else:
            yield from _patterns(pattern)
