"""The fast road for many rows: into a temporary table, and on from there in a few statements.

Within the statements both databases speak alike; only making and filling the table differs.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import NamedTuple, TypeVar

from django.db import connection
from django.utils import timezone

from recommendations.importers.report import Progress, Step
from recommendations.importers.rows import GivenStars, GivenTag

#: Rows that go to SQLite at a time, and rows that go on from the temporary table at a time.
BATCH = 10_000
SLICE = 250_000

Item = TypeVar("Item")
Values = tuple[int | float | str | None, ...]


class Stage(NamedTuple):
    """A temporary table, and how to fill it."""

    name: str
    create: dict[str, str]
    copy: str
    insert: str


STARS = Stage(
    name="staged_stars",
    create={
        "sqlite": """
            CREATE TEMPORARY TABLE staged_stars (
                position integer PRIMARY KEY,
                imported_id integer NOT NULL,
                movie_id integer NOT NULL,
                stars real NOT NULL,
                seconds integer NOT NULL,
                rated_at text GENERATED ALWAYS AS (datetime(seconds, 'unixepoch'))
            )
        """,
        "postgresql": """
            CREATE TEMPORARY TABLE staged_stars (
                position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                imported_id bigint NOT NULL,
                movie_id integer NOT NULL,
                stars double precision NOT NULL,
                seconds bigint NOT NULL,
                rated_at timestamptz GENERATED ALWAYS AS (to_timestamp(seconds)) STORED
            )
        """,
    },
    copy="COPY staged_stars (imported_id, movie_id, stars, seconds) FROM STDIN",
    insert="""
        INSERT INTO staged_stars (imported_id, movie_id, stars, seconds) VALUES (%s, %s, %s, %s)
    """,
)

TAGS = Stage(
    name="staged_tags",
    create=dict.fromkeys(
        ("sqlite", "postgresql"),
        "CREATE TEMPORARY TABLE staged_tags (movie_id integer NOT NULL, name text NOT NULL)",
    ),
    copy="COPY staged_tags (movie_id, name) FROM STDIN",
    insert="INSERT INTO staged_tags (movie_id, name) VALUES (%s, %s)",
)

FORGET_ALL_BUT_THE_LAST = """
    DELETE FROM staged_stars WHERE position IN (
        SELECT earlier.position
        FROM staged_stars AS earlier
        JOIN (
            SELECT imported_id, movie_id, max(position) AS last
            FROM staged_stars GROUP BY imported_id, movie_id HAVING count(*) > 1
        ) AS twice
        ON twice.imported_id = earlier.imported_id AND twice.movie_id = earlier.movie_id
        WHERE earlier.position < twice.last
    )
"""

COUNT_STARS = "SELECT count(*), count(DISTINCT imported_id) FROM staged_stars"

FORGET_THE_UNCHANGED = """
    DELETE FROM staged_stars WHERE EXISTS (
        SELECT 1
        FROM recommendations_viewer AS viewer
        JOIN recommendations_rating AS rating ON rating.viewer_id = viewer.id
        WHERE viewer.imported_id = staged_stars.imported_id
        AND rating.movie_id = staged_stars.movie_id
        AND rating.stars = staged_stars.stars
        AND rating.rated_at = staged_stars.rated_at
    )
"""

BUMP_TASTES = """
    UPDATE recommendations_viewer SET taste_version = taste_version + 1
    WHERE imported_id IN (SELECT imported_id FROM staged_stars)
"""

ADD_VIEWERS = """
    INSERT INTO recommendations_viewer
        (kind, display_name, imported_id, taste_version, created_at, last_active_at)
    SELECT 'imported', %s || ' ' || imported_id, imported_id, 0, %s, %s
    FROM staged_stars
    WHERE imported_id NOT IN (
        SELECT imported_id FROM recommendations_viewer WHERE imported_id IS NOT NULL
    )
    GROUP BY imported_id ORDER BY min(position)
"""

WRITE_STARS = """
    INSERT INTO recommendations_rating (viewer_id, movie_id, stars, rated_at)
    SELECT viewer.id, staged.movie_id, staged.stars, staged.rated_at
    FROM staged_stars AS staged
    JOIN recommendations_viewer AS viewer ON viewer.imported_id = staged.imported_id
    WHERE staged.position > %s AND staged.position <= %s
    ORDER BY staged.position
    ON CONFLICT (viewer_id, movie_id)
    DO UPDATE SET stars = excluded.stars, rated_at = excluded.rated_at
"""

FORGET_TAGS_THAT_ARE_GONE = """
    DELETE FROM recommendations_movietag WHERE NOT EXISTS (
        SELECT 1 FROM staged_tags
        WHERE staged_tags.movie_id = recommendations_movietag.movie_id
        AND staged_tags.name = recommendations_movietag.name
    )
"""

WRITE_TAGS = """
    INSERT INTO recommendations_movietag (movie_id, name, count)
    SELECT movie_id, name, count(*) FROM staged_tags
    GROUP BY movie_id, name ORDER BY movie_id, name
    ON CONFLICT (movie_id, name) DO UPDATE SET count = excluded.count
    WHERE recommendations_movietag.count <> excluded.count
"""


def write_stars(rows: Iterable[GivenStars], called: str, progress: Progress) -> tuple[int, int]:
    """Write the ratings of imported viewers in file order; return how many of each there are.

    New viewers are `called` so, with their number behind it. Of two ratings of a film by one
    viewer the last one counts. Viewers whose ratings changed get a new taste version.
    """
    with staged(STARS, rows), connection.cursor() as cursor:
        cursor.execute(FORGET_ALL_BUT_THE_LAST)
        cursor.execute(COUNT_STARS)
        ratings, viewers = cursor.fetchone()
        cursor.execute(FORGET_THE_UNCHANGED)
        cursor.execute(BUMP_TASTES)
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        cursor.execute(ADD_VIEWERS, [called, now, now])
        write_slices(progress)
    return ratings, viewers


def write_slices(progress: Progress) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(position), 0) FROM staged_stars")
        step = Step("writing ratings", cursor.fetchone()[0], unit=" ratings")
        for start in range(0, step.total, SLICE):
            progress(step, start)
            cursor.execute(WRITE_STARS, [start, start + SLICE])
            check_references()
        progress(step, step.total)


def check_references() -> None:
    # PostgreSQL keeps a note in memory of each row whose references are still to be checked.
    # SQLite counts them, and would read all its tables to check.
    if connection.vendor == "postgresql":
        connection.check_constraints()


def refresh_statistics() -> None:
    """Let the database plan its queries by what it holds now, not by what it held before."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA analysis_limit = 1000")
        for table in ("movie", "viewer", "rating", "movietag"):
            cursor.execute(f"ANALYZE recommendations_{table}")


def write_tags(rows: Iterable[GivenTag]) -> int:
    """Count how often each film got each tag; return how often tags were given at all."""
    with staged(TAGS, rows), connection.cursor() as cursor:
        cursor.execute("CREATE INDEX staged_tags_by_film ON staged_tags (movie_id, name)")
        cursor.execute(FORGET_TAGS_THAT_ARE_GONE)
        cursor.execute(WRITE_TAGS)
        cursor.execute("SELECT count(*) FROM staged_tags")
        (given,) = cursor.fetchone()
    return int(given)


@contextmanager
def staged(stage: Stage, rows: Iterable[Values]) -> Iterator[None]:
    """Hold `rows` in a temporary table for as long as the block runs."""
    with connection.cursor() as cursor:
        cursor.execute(stage.create[connection.vendor])
        fill(stage, rows)
        yield
        cursor.execute(f"DROP TABLE {stage.name}")


def fill(stage: Stage, rows: Iterable[Values]) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(stage.copy) as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(f"ANALYZE {stage.name}")
        else:
            for batch in batches(rows, BATCH):
                cursor.executemany(stage.insert, batch)


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
