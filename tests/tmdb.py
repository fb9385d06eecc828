"""A server that answers as TMDB does, and as it should not."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

#: As TMDB refuses a key, and says that there is no such film.
REFUSED = {"status_code": 7, "status_message": "Invalid API key: You must be granted a valid key."}
MISSING = {"status_code": 34, "status_message": "The resource you requested could not be found."}


class Asked(NamedTuple):
    path: str
    fields: dict[str, str]
    authorization: str


class Answer(NamedTuple):
    status: int
    body: bytes
    headers: dict[str, str]


@dataclass
class TMDBServer:
    """What it answers by path: the first of several answers goes first, the last one stays."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    #: Paths at which it says nothing until it is over.
    silent: set[str] = field(default_factory=set)
    over: Event = field(default_factory=Event)

    def film(self, tmdb_id: int, **changed: Any) -> None:
        self.answer(f"movie/{tmdb_id}", film(tmdb_id) | changed)

    def answer(self, path: str, said: object, status: int = 200, **headers: str) -> None:
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.answers.setdefault(path, []).append(Answer(status, body, headers))

    def next_answer(self, path: str) -> Answer:
        waiting = self.answers.get(path) or [Answer(404, json.dumps(MISSING).encode(), {})]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    @property
    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]


def film(tmdb_id: int) -> dict[str, Any]:
    """As `movie/{id}?append_to_response=credits` answers, of which much is not used."""
    return {
        "adult": False,
        "id": tmdb_id,
        "imdb_id": "tt0114709",
        "origin_country": ["US"],
        "poster_path": f"/poster-{tmdb_id}.jpg",
        "production_countries": [
            {"iso_3166_1": "FR", "name": "France"},
            {"iso_3166_1": "US", "name": "United States of America"},
        ],
        "runtime": 81,
        "title": "Toy Story",
        "credits": {
            "cast": [
                {"name": f"Player {order}", "character": "Woody", "order": order}
                for order in reversed(range(14))
            ],
            "crew": [
                {"name": "Ralph Eggleston", "job": "Art Direction", "department": "Art"},
                {"name": "John Lasseter", "job": "Director", "department": "Directing"},
                {"name": "John Lasseter", "job": "Director", "department": "Directing"},
            ],
        },
    }


@contextmanager
def running_tmdb() -> Iterator[TMDBServer]:
    tmdb = TMDBServer()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None: ...

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            path = parts.path.removeprefix("/3/")
            fields = dict(parse_qsl(parts.query))
            tmdb.asked.append(Asked(path, fields, self.headers.get("Authorization", "")))
            if path in tmdb.silent:
                tmdb.over.wait(60)
                return
            answer = tmdb.next_answer(path)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        tmdb.url = f"http://127.0.0.1:{server.server_port}/3"
        yield tmdb
        tmdb.over.set()
        server.shutdown()
