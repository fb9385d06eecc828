"""People on the site: they look, rate, think in between, and their pages ask meanwhile."""

import gzip
import heapq
import http.client
import random
import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlencode

from benchmarks.readers import PATIENCE, note

#: Of a hundred steps so many are of each kind; who rates has a film's page open.
STEPS = {"home": 20, "browse": 20, "film": 25, "search": 10, "lists": 10, "rate": 15}

BROWSED = (
    "",
    "?genre=Drama",
    "?sort=liked",
    "?genre=Comedy&sort=predicted",
    "?page=3",
    "?sort=title",
)
WORDS = ("love", "star", "godfather", "dark night", "hanks", "1994", "toy stroy", "matrix")
LISTS = ("/lists/", "/lists/ratings/", "/lists/watchlist/", "/lists/seen/", "/tonight/")

FILM = re.compile(r'href="(/films/\d+/)"')
RATE = re.compile(r'hx-post="(/fragments/films/\d+/rating/)"')
FIELD = re.compile(r'name="(csrfmiddlewaretoken|viewer)"\s+value="([^"]*)"')
ON_TASTE = re.compile(r'hx-get="([^"]+)"\s+hx-trigger="taste-changed')


@dataclass(frozen=True)
class Answer:
    """When something was asked for, of what kind, and how long it took to the last byte."""

    at: float
    kind: str
    seconds: float
    error: str = ""


class Visitor:
    """One person with one window; posters and files that browsers keep are not fetched."""

    #: How long one looks at a page before doing anything, in seconds.
    thinking: Sequence[float] = (1.0, 5.0)

    #: Seconds between two questions of each element, if not as the page says.
    rhythm: float | None = None

    def __init__(self, port: int, session: str, seed: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.cookies = {"sessionid": session}
        self.choose = random.Random(seed)  # noqa: S311 (not a secret)
        self.answers: list[Answer] = []
        self.waiting: list[tuple[float, str, float]] = []
        self.page = self.address = ""

    def stay(self, until: float) -> list[Answer]:
        steps, weights = list(STEPS), list(STEPS.values())
        self.look(until, self.choose.uniform(0, self.thinking[1]))
        while time.monotonic() < until:
            step = self.choose.choices(steps, weights)[0]
            getattr(self, step)()
            self.look(until, self.choose.uniform(*self.thinking))
        self.connection.close()
        return self.answers

    # Steps

    def home(self) -> None:
        self.open("/")

    def browse(self) -> None:
        self.open(f"/browse/{self.choose.choice(BROWSED)}")

    def search(self) -> None:
        self.open(f"/browse/?{urlencode({'q': self.choose.choice(WORDS)})}")

    def lists(self) -> None:
        self.open(self.choose.choice(LISTS))

    def film(self) -> None:
        """One that is on the page, or else on the first of all films."""
        if not FILM.search(self.page):
            self.open("/browse/")
        if films := sorted(set(FILM.findall(self.page))):
            self.open(self.choose.choice(films))

    def rate(self) -> None:
        """As the form does it; then what listens asks anew."""
        if not RATE.search(self.page):
            self.film()
        if form := RATE.search(self.page):
            stars = self.choose.randint(1, 10) / 2
            fields = dict(FIELD.findall(self.page)) | {"stars": str(stars)}
            self.fetch("post", form[1], urlencode(fields))
            for path in ON_TASTE.findall(self.page):
                self.note(self.fetch("fragment", unescape(path)))

    # What a browser does

    def open(self, path: str) -> None:
        """Another page; what the one before would have asked for nobody wants any more."""
        self.waiting.clear()
        self.page, self.address = self.fetch("page", path), path
        self.note(self.page)

    def note(self, html: str) -> None:
        note(self.waiting, html)
        if self.rhythm:
            due = time.monotonic() + self.rhythm
            self.waiting = [(due, path, self.rhythm) for _, path, _ in self.waiting]

    def look(self, until: float, seconds: float) -> None:
        """At the page, whose elements ask when it is time."""
        over = min(until, time.monotonic() + seconds)
        while self.waiting and self.waiting[0][0] < over:
            due, path, every = heapq.heappop(self.waiting)
            sleep_until(due)
            fragment = self.fetch("fragment", path)
            if fragment:
                self.note(fragment)
            elif every:
                heapq.heappush(self.waiting, (time.monotonic() + every, path, every))
        sleep_until(over)

    def fetch(self, kind: str, path: str, form: str = "") -> str:
        """What came; nothing if it was an error, or is to stay as it is."""
        began = time.monotonic()
        try:
            status, text = self.ask(kind, path, form)
            expected = {"page": (200,), "post": (200,), "fragment": (200, 204)}[kind]
            error = "" if status in expected else f"{status} of {path}"
        except (OSError, http.client.HTTPException) as failed:
            text, error = "", f"{failed!r} of {path}"
            self.connection.close()
        self.answers.append(Answer(began, kind, time.monotonic() - began, error))
        return "" if error else text

    def ask(self, kind: str, path: str, form: str) -> tuple[int, str]:
        headers = {"User-Agent": "Mozilla/5.0 benchmark", "Accept-Encoding": "gzip"}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if kind != "page":
            headers |= {"HX-Request": "true", "Referer": self.address}
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request("POST" if form else "GET", path, form or None, headers)
        answer = self.connection.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, read(answer)


def read(answer: http.client.HTTPResponse) -> str:
    body = answer.read()
    packed = answer.headers.get("Content-Encoding") == "gzip"
    return (gzip.decompress(body) if packed else body).decode()


def sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


class Waiting(Visitor):
    """Opens the home page, and looks at it."""

    def stay(self, until: float) -> list[Answer]:
        self.open("/")
        self.look(until, until)
        self.connection.close()
        return self.answers


class PassingBy(Visitor):
    """A stranger, who opens one page twice a second."""

    def stay(self, until: float) -> list[Answer]:
        while time.monotonic() < until:
            self.open("/browse/")
            sleep_until(time.monotonic() + 0.5)
        self.connection.close()
        return self.answers


def let_in(visitors: Sequence[Visitor], seconds: float) -> list[list[Answer]]:
    """All at the same time, for so long; returns what each has asked for."""
    until = time.monotonic() + seconds
    with ThreadPoolExecutor(len(visitors)) as people:
        return [*people.map(lambda visitor: visitor.stay(until), visitors)]
