"""The whole catalogue: one page to search, filter and sort it, which grows as one scrolls."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from recommendations.browse import LAST_PAGE, Browsing, Page
from recommendations.forms.browsing import BrowseForm
from recommendations.middleware import viewer_of
from recommendations.models import Credit, Person
from recommendations.views.cards import cards_of

if TYPE_CHECKING:
    from recommendations.models import Viewer

#: What a chip says before the choice.
CHIPS = {"rating": "my rating: ", "stars": "predicted: ", "list": "in: "}
#: So much of what was typed counts.
LONGEST = 100
FILTERS = ("genre", "decade", "rating", "stars", "list")


@dataclass(frozen=True)
class Chip:
    """An active filter, and the address without it."""

    label: str
    url: str


class Browsed:
    """What the templates are given: a page of films, and the addresses around it."""

    slug = "browse"

    def __init__(self, form: BrowseForm, viewer: "Viewer | None", number: int) -> None:
        self.form, self.chosen = form, form.chosen
        self.browsing = Browsing(form.wanted(), viewer)
        self.page: Page = self.browsing.page(number)
        self.cards = cards_of(self.page.films, viewer)

    def _query(self, number: int = 1, without: str = "") -> str:
        kept = {name: value for name, value in self.chosen.items() if name != without}
        return urlencode(kept | ({"page": number} if number > 1 else {}))

    def _address(self, name: str, query: str) -> str:
        return f"{reverse(name)}?{query}" if query else reverse(name)

    @property
    def url(self) -> str:
        return self._address("browse", self._query(self.page.number))

    @property
    def next_url(self) -> str:
        return self._address("browse", self._query(self.page.number + 1))

    @property
    def next_fragment(self) -> str:
        return self._address("fragment-browse-on", self._query(self.page.number + 1))

    @property
    def before_url(self) -> str:
        return self._address("browse", self._query(self.page.number - 1))

    @property
    def before_fragment(self) -> str:
        return self._address("fragment-browse-back", self._query(self.page.number - 1))

    @property
    def first_url(self) -> str:
        return self._address("browse", self._query())

    @property
    def chips(self) -> list[Chip]:
        return [
            Chip(
                f"{CHIPS.get(name, '')}{self.form.label_of(name)}",
                self._address("browse", self._query(without=name)),
            )
            for name in FILTERS
            if name in self.chosen
        ]

    @property
    def without_query(self) -> str:
        return self._address("browse", self._query(without="q"))

    @property
    def people(self) -> list[str]:
        """The people whom the query names, and what they do: "by Steven Spielberg"."""
        ids = self.browsing.found.people if self.browsing.found else []
        if not ids:
            return []
        names = Person.objects.in_bulk(ids)
        direct = set(
            Credit.objects.filter(person__in=ids, role=Credit.Role.DIRECTOR).values_list(
                "person_id", flat=True
            )
        )
        return [f"{'by' if pk in direct else 'with'} {names[pk]}" for pk in ids if pk in names]


def browsed(request: HttpRequest) -> Browsed:
    viewer = viewer_of(request)
    return Browsed(BrowseForm(request.GET, viewer), viewer, page_number(request))


def page_number(request: HttpRequest) -> int:
    """The page of the address; what is no number is the first one."""
    asked = request.GET.get("page", "")
    return min(max(int(asked), 1), LAST_PAGE) if asked.isdecimal() and len(asked) < 9 else 1


def without_empty(request: HttpRequest) -> str:
    """The address as one would write it: a form sends its empty fields too."""
    given = [(name, value[:LONGEST]) for name, value in request.GET.items() if value]
    query = urlencode(given)
    return f"{request.path}?{query}" if query else request.path


@require_safe
@never_cache
def browse(request: HttpRequest) -> HttpResponse:
    if "" in request.GET.values():
        return redirect(without_empty(request))
    shelf = browsed(request)
    context = {"shelf": shelf, "form": shelf.form, "back": True, "on": True}
    return render(request, "recommendations/browse.html", context)


@require_safe
@never_cache
def more_films(request: HttpRequest) -> HttpResponse:
    """The page of films after those that are shown."""
    context = {"shelf": browsed(request), "on": True, "announcement": "More films are shown."}
    return render(request, "recommendations/_films.html", context)


@require_safe
@never_cache
def films_before(request: HttpRequest) -> HttpResponse:
    """The page of films before those that are shown."""
    announcement = "The films before are shown."
    context = {"shelf": browsed(request), "back": True, "announcement": announcement}
    return render(request, "recommendations/_films.html", context)


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Where the search was before it became a part of browsing."""
    asked = request.GET.get("q", "")[:LONGEST]
    query = urlencode({"q": asked}) if asked else ""
    return redirect(f"{reverse('browse')}?{query}" if query else "browse", permanent=True)
