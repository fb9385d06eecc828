"""What a browser does with the home page: it is read, and its fragments ask until all is there."""

import heapq
import http.client
import re
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import Message
from html import unescape

#: An element that asks by itself: its address, when first, and how often then, in milliseconds.
POLL = re.compile(r'hx-get="([^"]+)"\s+hx-trigger="load delay:(\d+)ms(?:, every (\d+)ms)?')

#: A shelf, and the films on it.
SHELF = re.compile(r'<section id="shelf-([\w-]+)"(.*?)</section>', re.DOTALL)
FILM = re.compile(r'class="card-link"\s+id="[\w-]+-(\d+)"')

#: What a shelf says instead of films.
TROUBLE = 'class="shelf-message"'

#: A page that is not complete after so long is an error.
PATIENCE = 300.0


@dataclass(frozen=True)
class Read:
    """Seconds to the first byte, to the last, and until nothing asks any more; requests made."""

    first_byte: float
    page: float
    complete: float
    requests: int
    error: str = ""


class Reader:
    """One visitor with a connection that stays open, as browsers keep it.

    `shelves` are those that came last, by slug.
    """

    cookie = "sessionid"

    def __init__(self, port: int, session: str, patience: float = PATIENCE) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
        self.headers = {
            "Cookie": f"{self.cookie}={session}",
            "User-Agent": "Mozilla/5.0 benchmark",
        }
        self.patience = patience
        self.requests = self.received = 0
        self.shelves: dict[str, str] = {}
        self.answered = Message()

    def get(self, path: str, method: str = "GET") -> tuple[int, float, str]:
        """Status, seconds to the first byte, and what came."""
        self.requests += 1
        started = time.monotonic()
        self.connection.request(method, path, headers=self.headers)
        answer = self.connection.getresponse()
        first = time.monotonic() - started
        self.answered = answer.headers
        body = answer.read()
        self.received += len(body)
        return answer.status, first, body.decode()

    @property
    def films(self) -> dict[str, list[int]]:
        """By slug, the films on the shelves that have any."""
        found = {slug: FILM.findall(shelf) for slug, shelf in self.shelves.items()}
        return {slug: [int(film) for film in films] for slug, films in found.items() if films}

    def read_home(self) -> Read:
        started = time.monotonic()
        try:
            status, first, html = self.get("/")
            page = time.monotonic() - started
            expect(status, "/")
            self.shelves = dict(SHELF.findall(html))
            self.follow(html, started)
            self.expect_films()
        except (OSError, http.client.HTTPException) as error:
            waited = time.monotonic() - started
            return Read(waited, waited, waited, self.requests, repr(error))
        finally:
            self.connection.close()
        return Read(first, page, time.monotonic() - started, self.requests)

    def follow(self, html: str, started: float) -> None:
        """Let every element ask when it would, one after the other, until none does."""
        waiting: list[tuple[float, str, float]] = []
        note(waiting, html)
        while waiting:
            due, path, every = heapq.heappop(waiting)
            if due > started + self.patience:
                raise OSError("the page does not get complete")
            time.sleep(max(0.0, due - time.monotonic()))
            status, _, fragment = self.get(path)
            if status == 200:
                self.shelves |= SHELF.findall(fragment)
                note(waiting, fragment)
            elif status == 204 and every:
                heapq.heappush(waiting, (time.monotonic() + every, path, every))
            else:
                expect(status, path, 204)

    def expect_films(self) -> None:
        wrong = [slug for slug, shelf in self.shelves.items() if TROUBLE in shelf]
        if wrong:
            raise OSError(f"no films on {', '.join(wrong)}")


def expect(status: int, path: str, expected: int = 200) -> None:
    if status != expected:
        raise OSError(f"status {status} of {path}")


def note(waiting: list[tuple[float, str, float]], html: str) -> None:
    now = time.monotonic()
    for path, delay, every in POLL.findall(html):
        ask = (now + int(delay) / 1000, unescape(path), int(every or 0) / 1000)
        heapq.heappush(waiting, ask)


def read_all(
    port: int, sessions: Sequence[str], at_once: int, kind: type[Reader] = Reader
) -> tuple[list[Read], float]:
    """Let each session read the home page, so many at once; also the seconds that it all took."""
    left = deque(sessions)
    started = time.monotonic()

    def reader(_: int) -> list[Read]:
        done = []
        while left:
            try:
                session = left.popleft()
            except IndexError:
                break
            done.append(kind(port, session).read_home())
        return done

    with ThreadPoolExecutor(at_once) as pool:
        reads = [read for some in pool.map(reader, range(at_once)) for read in some]
    return reads, time.monotonic() - started
