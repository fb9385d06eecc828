"""Every page of the site, in the one place where tests look for it.

A page that is added to the URLs must be added here; `test_pages.py` fails until it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal
from uuid import UUID

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.e2e import rows
from tests.e2e.running import RunningSite

#: Who looks: nobody that the site knows, an account that has done nothing, or one with ratings.
Who = Literal["stranger", "newcomer", "member"]

#: Named addresses that answer a GET with something else than a page: files, and redirects.
NO_PAGES = {
    "poster",
    "robots",
    "favicon",
    "feed",
    "account-export-json",
    "account-export-zip",
    "account-email",
    "search",
}

#: What an address is asked with when only its kind of answer matters.
SAMPLES = {
    "movie_id": 1,
    "viewer_id": 1,
    "list_id": 1,
    "import_id": 1,
    "entry_id": 1,
    "year": 2014,
    "kind": "seen",
    "slug": "popular",
    "version": "0",
    "token": UUID(int=0),
    "uidb36": "1",
    "key": "0",
}


@dataclass(frozen=True)
class Visit:
    """A page, and who looks at it.

    `making` is code that makes what the page shows and prints the arguments of its URL; it finds
    what the code of earlier visits made. A page that `stays_busy` never has all that it waits for.
    """

    name: str
    args: tuple[object, ...] = ()
    query: str = ""
    who: Who = "member"
    making: str = ""
    state: str = ""
    stays_busy: bool = False

    def __str__(self) -> str:
        parts = (self.name, *self.args, *self.query.split("=")[:1], self.state, self.who)
        return "-".join(str(part) for part in parts if part)

    def path(self, site: RunningSite) -> str:
        args = made(site)[self] if self.making else self.args
        return reverse(self.name, args=args) + self.query

    def url(self, site: RunningSite) -> str:
        return site.url.rstrip("/") + self.path(site)


VISITS = [
    Visit("home"),
    Visit("home", who="newcomer"),
    Visit("home", who="stranger"),
    Visit("shelf", ("top-picks",)),
    Visit("shelf", ("popular",), who="stranger"),
    Visit("film", (1,)),
    Visit("film", (2,), who="stranger"),
    Visit("controls"),
    Visit("controls", who="stranger"),
    # Browsing
    Visit("browse"),
    Visit("browse", query="?q=quiet"),
    Visit("browse", query="?genre=Crime&decade=1990&stars=3&page=2"),
    Visit("browse", query="?decade=1890", who="stranger"),
    Visit("browse", query="?q=zzzzzz", who="stranger"),
    # The first minute, and rating on
    Visit("start", who="stranger"),
    Visit("start-films", who="stranger"),
    Visit("start-films", query="?place=9", who="newcomer"),
    Visit("rate-next"),
    # Lists
    Visit("list", making=rows.LIST),
    Visit("list", making="print(films.pk)", query="?find=quiet"),
    Visit("edit-list", making="print(films.pk)"),
    Visit("delete-list", making="print(films.pk)"),
    Visit("shared-list", making="print(films.share_token)", who="stranger"),
    Visit("lists"),
    Visit("lists", who="stranger"),
    Visit("watchlist"),
    Visit("watchlist", query="?q=zzzzzz"),
    Visit("watchlist", who="newcomer"),
    Visit("seen"),
    Visit("hidden"),
    Visit("ratings"),
    Visit("ratings", who="newcomer"),
    Visit("tonight"),
    Visit("tonight", query="?minutes=1"),
    Visit("tonight", who="newcomer"),
    # Ratings from elsewhere
    Visit("import-report", making=rows.BROUGHT),
    Visit(
        "import-report",
        making=rows.BEING_READ,
        state="being read",
        who="newcomer",
        stays_busy=True,
    ),
    Visit("import-report", making=rows.FAILED, state="failed", who="newcomer"),
    Visit("import"),
    Visit("import", who="stranger"),
    Visit("unmatched"),
    Visit("unmatched", who="newcomer"),
    # Taste, and film nights
    Visit("taste"),
    Visit("taste", who="newcomer"),
    Visit("taste-year", (2014,)),
    Visit("night", making=rows.NIGHT),
    Visit("night", making="print(FilmNight.start(other).token)", state="invited"),
    Visit("night", making="print(night.token)", who="stranger"),
    Visit("nights"),
    Visit("nights", who="stranger"),
    # Accounts
    Visit("account"),
    Visit("account", who="stranger"),
    Visit("account-delete"),
    Visit("account_login", who="stranger"),
    Visit("account_signup", who="stranger"),
    Visit("account_logout"),
    Visit("account_inactive", who="stranger"),
    Visit("account_change_password"),
    Visit("account_set_password", who="newcomer"),
    Visit("account_reset_password", who="stranger"),
    Visit("account_reset_password_done", who="stranger"),
    Visit("account_reset_password_from_key", making=rows.RESET, who="stranger"),
    Visit("account_reset_password_from_key", ("1", "old"), who="stranger"),
    Visit("account_reset_password_from_key_done", who="stranger"),
]


@cache
def made(site: RunningSite) -> dict[Visit, tuple[str, ...]]:
    """The arguments of the URLs of all visits that print them, made at once."""
    making = [visit for visit in VISITS if visit.making]
    printed = site.shell("\n".join([rows.NAMES, *(visit.making for visit in making)]))
    arguments = [tuple(line.split()) for line in printed.splitlines()]
    return dict(zip(making, arguments, strict=True))


def named_urls(resolver: URLResolver | None = None) -> Iterator[URLPattern]:
    """The site's own, without the admin's and without what HTMX asks for."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLPattern):
            if pattern.name:
                yield pattern
        elif not str(pattern.pattern).startswith(("admin/", "fragments/")):
            yield from named_urls(pattern)


def sample_path(pattern: URLPattern) -> str:
    names = pattern.pattern.regex.groupindex
    missing = names.keys() - SAMPLES.keys()
    assert not missing, f"{pattern.name}: add {', '.join(missing)} to SAMPLES"
    return reverse(str(pattern.name), kwargs={name: SAMPLES[name] for name in names})
