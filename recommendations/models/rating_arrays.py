"""Ratings as arrays, straight from the database: what training and evaluation read."""

from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import connection
from django.db.models import Max, Min

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from recommendations.engine.progress import Progress
    from recommendations.models.taste import RatingQuerySet

#: A rating, by raw ids; `seconds` since 1970 at which it was given.
ROW = np.dtype(
    [("viewer", np.int64), ("movie", np.int32), ("stars", np.float32), ("seconds", np.int64)]
)

FIELDS = ("viewer_id", "movie_id", "stars", "rated_at")
READ_AT_ONCE = 100_000
COPIED_AT_ONCE = 500_000

#: The same row as PostgreSQL's binary COPY sends it: the number of fields, then each field behind
#: its length, all big-endian. https://www.postgresql.org/docs/current/sql-copy.html
SENT = np.dtype(
    [
        ("fields", ">i2"),
        *(("viewer_bytes", ">i4"), ("viewer", ">i8")),
        *(("movie_bytes", ">i4"), ("movie", ">i4")),
        *(("stars_bytes", ">i4"), ("stars", ">f8")),
        *(("seconds_bytes", ">i4"), ("microseconds", ">i8")),
    ]
)
HEADER_BYTES = 19

#: PostgreSQL counts from the year 2000.
POSTGRES_EPOCH = 946_684_800


def read(ratings: "RatingQuerySet", progress: "Progress") -> "NDArray[Any]":
    """These ratings as one array of `ROW`s, ordered by viewer and film.

    `progress` may use the database: nothing is being read while it is called.
    """
    total = ratings.count()
    blocks_of = _copied if connection.vendor == "postgresql" else _fetched
    blocks, done = [np.empty(0, ROW)], 0
    progress(done, total)
    for block in blocks_of(ratings.order_by()):
        blocks.append(block)
        done += len(block)
        progress(min(done, total), total)
    rows = np.concatenate(blocks)
    return rows[np.lexsort((rows["movie"], rows["viewer"]))]


def _fetched(ratings: "RatingQuerySet") -> "Iterator[NDArray[Any]]":
    fetched = ratings.values_list(*FIELDS).iterator(READ_AT_ONCE)
    plain = ((viewer, movie, stars, at.timestamp()) for viewer, movie, stars, at in fetched)
    while len(block := np.fromiter(islice(plain, READ_AT_ONCE), ROW)):
        yield block


def _copied(ratings: "RatingQuerySet") -> "Iterator[NDArray[Any]]":
    """Some viewers' ratings after the other's: a connection that copies can do nothing else."""
    viewers = ratings.aggregate(first=Min("viewer_id"), last=Max("viewer_id"))
    if viewers["first"] is None:
        return
    parts = 1 + ratings.count() // COPIED_AT_ONCE
    bounds = np.linspace(viewers["first"], viewers["last"] + 1, parts + 1).astype(int).tolist()
    for start, end in pairwise(bounds):
        yield _copy(ratings.filter(viewer_id__gte=start, viewer_id__lt=end))


def _copy(ratings: "RatingQuerySet") -> "NDArray[Any]":
    """No Python object is made of any rating: millions are read in seconds."""
    sql, params = ratings.values_list(*FIELDS).query.sql_with_params()
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT BINARY)", params) as copy,
    ):
        received = b"".join(copy)
    return _as_rows(received)


def _as_rows(received: bytes) -> "NDArray[Any]":
    n = (len(received) - HEADER_BYTES) // SENT.itemsize
    sent = np.frombuffer(received, SENT, n, HEADER_BYTES)
    rows = np.empty(n, ROW)
    for name in ("viewer", "movie", "stars"):
        rows[name] = sent[name]
    rows["seconds"] = sent["microseconds"] // 1_000_000 + POSTGRES_EPOCH
    return rows
