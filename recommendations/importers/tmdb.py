"""TMDB's API, version 3: what it knows of one film.

https://developer.themoviedb.org/reference/movie-details
"""

import json
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings
from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout, make_headers
from urllib3.exceptions import HTTPError, MaxRetryError

#: Requests a second; TMDB turns away who sends more than some 40.
RATE = 20.0

#: How often a failed request is repeated, and the seconds of which the pauses are multiples.
RETRIES = 5
PAUSE = 0.5

#: The longest pause that TMDB may ask for, and how long it may be silent, in seconds.
LONGEST_PAUSE = 120
SILENCE = 20.0

#: So many of the cast are worth keeping: those billed first.
BILLED = 10

Read = TypeVar("Read")

POSTER_PATH = re.compile(r"/[\w-]{1,80}\.\w{3,4}")
LARGEST = 2**31 - 1

#: Where TMDB's names are not those of the built-in list of films.
COUNTRIES = {"United States of America": "United States"}


class TMDBFailed(Exception):
    """TMDB did not answer as it should; the message is the line to show."""


class KeyRefused(Exception):
    """TMDB takes no request with this key; the message is what TMDB says."""


@dataclass(frozen=True)
class Details:
    """What TMDB knows of a film; what it does not know is empty."""

    tmdb_id: int
    poster_path: str
    runtime: int | None
    country: str
    directors: list[str]
    cast: list[str]


class TMDB:
    """Asks politely: never faster than `rate` a second, and later when told so."""

    def __init__(self, key: str, rate: float = RATE) -> None:
        bearer = {"Authorization": f"Bearer {key}"} if "." in key else {}
        self.key = {} if bearer else {"api_key": key}
        self.interval = 1 / rate
        self.next_at = 0.0
        self.pool = PoolManager(
            headers=make_headers(accept_encoding=True, user_agent="recsite") | bearer,
            timeout=Timeout(connect=10, read=SILENCE),
            retries=Retry(
                RETRIES,
                status_forcelist=(429, 500, 502, 503, 504),
                backoff_factor=PAUSE,
                retry_after_max=LONGEST_PAUSE,
            ),
        )

    def details(self, tmdb_id: int | None, imdb_id: int | None) -> Details | None:
        """Of the film with one of these ids; None if TMDB knows neither."""
        known = self._film(tmdb_id) if tmdb_id else None
        if known is None and imdb_id and (found := self._find(imdb_id)):
            known = self._film(found)
        return known

    def _film(self, tmdb_id: int) -> Details | None:
        return self._ask(f"movie/{tmdb_id}", read_details, append_to_response="credits")

    def _find(self, imdb_id: int) -> int | None:
        return self._ask(f"find/tt{imdb_id:07}", read_found, external_source="imdb_id")

    def _ask(self, path: str, read: Callable[[Any], Read], **fields: str) -> Read | None:
        """What is read from the answer; None if there is no such thing."""
        self._wait_for_turn()
        try:
            response = self.pool.request(
                "GET", f"{settings.TMDB_URL}/{path}", fields=fields | self.key
            )
        except MaxRetryError as error:
            # Not the error itself: it names the address, and that may hold the key.
            raise TMDBFailed(f"TMDB does not answer ({error.reason})") from None
        except HTTPError as error:
            raise TMDBFailed(f"TMDB does not answer ({type(error).__name__})") from None
        # A 404 without a message is some other server's, which knows no film at all.
        missing = response.status == 404 and status_message(response)
        return None if missing else read_answer(response, read)

    def _wait_for_turn(self) -> None:
        now = time.monotonic()
        time.sleep(max(0.0, self.next_at - now))
        self.next_at = max(now, self.next_at) + self.interval


def read_answer(response: BaseHTTPResponse, read: Callable[[Any], Read]) -> Read:
    if response.status == 401:
        raise KeyRefused(status_message(response) or "401")
    if response.status != 200:
        raise TMDBFailed(f"TMDB answers {response.status} {status_message(response)}".strip())
    try:
        return read(json.loads(response.data))
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        raise TMDBFailed("TMDB's answer is not understood") from None


def status_message(response: BaseHTTPResponse) -> str:
    """What TMDB says about an error, on one line."""
    try:
        return " ".join(str(json.loads(response.data)["status_message"]).split())[:200]
    except (KeyError, RecursionError, TypeError, ValueError):
        return ""


def read_found(answer: dict[str, Any]) -> int | None:
    films = answer["movie_results"]
    return tmdb_id_of(films[0]) if films else None


def read_details(answer: dict[str, Any]) -> Details:
    makers = answer["credits"]
    cast = sorted(makers["cast"], key=lambda member: member.get("order", LARGEST))
    return Details(
        tmdb_id=tmdb_id_of(answer),
        poster_path=poster_path_of(answer),
        runtime=runtime_of(answer),
        country=country_of(answer),
        directors=names_of(member for member in makers["crew"] if member.get("job") == "Director"),
        cast=names_of(cast)[:BILLED],
    )


def tmdb_id_of(film: dict[str, Any]) -> int:
    number = film["id"]
    if not isinstance(number, int) or not 0 < number <= LARGEST:
        raise ValueError(number)
    return number


def poster_path_of(film: dict[str, Any]) -> str:
    path = film.get("poster_path") or ""
    return path if POSTER_PATH.fullmatch(path) else ""


def runtime_of(film: dict[str, Any]) -> int | None:
    minutes = film.get("runtime") or 0
    return minutes if 0 < minutes < 2**15 else None


def country_of(film: dict[str, Any]) -> str:
    """Of those that produced it, the one that it is from."""
    names = {each["iso_3166_1"]: each["name"] for each in film.get("production_countries", [])}
    origins = [names[code] for code in film.get("origin_country", []) if code in names]
    name = next(iter([*origins, *names.values()]), "")
    return clean(COUNTRIES.get(name, name))[:100]


def names_of(members: Iterable[dict[str, Any]]) -> list[str]:
    """Each once, in their order."""
    named = dict.fromkeys(clean(member["name"])[:200] for member in members)
    return [name for name in named if name]


def clean(text: str) -> str:
    return " ".join(text.replace("\0", "").split())
