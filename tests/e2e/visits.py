"""Every page of the site, in the one place where tests look for it.

A page that is added to the URLs must be added here; `test_pages.py` fails until it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.e2e.running import RunningSite

#: Who looks: nobody that the site knows, or an account with ratings.
Who = Literal["stranger", "member"]

#: Named addresses that answer a GET with something else than a page.
FILES = {"poster", "robots", "favicon"}

#: What an address is asked with when only its kind of answer matters.
SAMPLES = {
    "movie_id": 1,
    "viewer_id": 1,
    "slug": "popular",
    "version": "0",
}


@dataclass(frozen=True)
class Visit:
    """A page, and who looks at it.

    `making` is code that makes what the page shows, with `viewer` the member's, and prints the
    arguments of its URL.
    """

    name: str
    args: tuple[object, ...] = ()
    query: str = ""
    who: Who = "member"
    making: str = ""

    def __str__(self) -> str:
        return "-".join(map(str, (self.name, *self.args, *self.query.split("=")[:1], self.who)))

    def path(self, site: RunningSite) -> str:
        args = self.args or (made(site, self.making) if self.making else ())
        return reverse(self.name, args=args) + self.query


VISITS = [
    Visit("home"),
    Visit("home", who="stranger"),
    Visit("shelf", ("top-picks",)),
    Visit("shelf", ("popular",), who="stranger"),
    Visit("film", (1,)),
    Visit("film", (2,), who="stranger"),
    Visit("search"),
    Visit("search", query="?q=quiet"),
    Visit("search", query="?q=zzzzzz", who="stranger"),
    Visit("sign-in", who="stranger"),
]


@cache
def made(site: RunningSite, code: str) -> tuple[str, ...]:
    viewer = "viewer = Viewer.objects.get(user__username='member')"
    return tuple(site.shell(f"{viewer}\n{code}").split())


def named_urls(resolver: URLResolver | None = None) -> Iterator[URLPattern]:
    """The site's own, without the admin's and without what HTMX asks for."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLPattern):
            if pattern.name:
                yield pattern
        elif not str(pattern.pattern).startswith(("admin/", "fragments/")):
            yield from named_urls(pattern)


def sample_path(pattern: URLPattern) -> str:
    names = pattern.pattern.converters
    missing = names.keys() - SAMPLES.keys()
    assert not missing, f"{pattern.name}: add {', '.join(missing)} to SAMPLES"
    return reverse(str(pattern.name), kwargs={name: SAMPLES[name] for name in names})
