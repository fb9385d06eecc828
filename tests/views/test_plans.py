"""No request reads the whole of a table that grows: all queries of every address, planned.

PostgreSQL is told to shun what it prefers for the few rows of a test. Where it scans nevertheless,
or reads an index from end to end, there is none that helps.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.e2e.visits import VISITS
from tests.views.addresses import routes
from tests.views.belongings import Belongings
from tests.views.test_access import asked, hers, path_of, posted
from tests.views.test_walls import signed_in

__all__ = ["hers"]

#: Tables that stay small whoever comes and whatever data set is loaded.
SMALL = {
    "django_content_type",
    "django_q_schedule",
    "django_site",
    "recommendations_catalogue",
    "recommendations_genre",
    "recommendations_pausedqueue",
    "recommendations_trainedmodel",
    "recommendations_worker",
    # It holds 20,000 entries at most, and counts them when it takes one.
    "recsite_cache",
}

#: Tables that migrations fill.
MIGRATED = {"auth_permission", "django_migrations"}

#: Statements that read a whole table nevertheless, and why they may.
ALLOWED = {
    r'SELECT "auth_user".* WHERE ("auth_user"."email" =|UPPER|"auth_user"."username" LIKE)': (
        "Signing in and up, as Django and allauth ask; the hashing of the password takes longer."
    ),
    r'SELECT "recommendations_(movie|person)"."id" AS "pk", .* ORDER BY [^)]* ASC$': (
        "The index of the search, which a process reads once for each version of the catalogue."
    ),
    r'SELECT MIN\("recommendations_movie"."year"\)': (
        "The decades to filter by: of an index PostgreSQL reads the two ends, SQLite all films."
    ),
}

SHUNNED = ("seqscan", "bitmapscan", "hashjoin", "mergejoin", "material")

STATEMENT = re.compile(r"(SELECT|INSERT|UPDATE|DELETE|WITH)\b")

#: SQLite reads nothing for what can never be true, though it plans to.
NEVER = '"viewer_id" IS NULL'

#: Parts of a plan that read no more of what is below them than is asked of them.
LAZY = {"Limit", "LockRows", "Memoize", "Nested Loop", "ProjectSet", "Result", "Subquery Scan"}


@dataclass
class Planner:
    """Has each statement planned before it is executed, each text once."""

    scans: list[str] = field(default_factory=list)
    planned: set[str] = field(default_factory=set)

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        if sql not in self.planned and STATEMENT.match(sql) and not many:
            self.planned.add(sql)
            if tables := set(read_whole(sql, params)) - SMALL:
                self.scans.append(f"{', '.join(sorted(tables))}: {sql}")
        return execute(sql, params, many, context)


def read_whole(sql: str, params: Any) -> Iterator[str]:
    """The tables of which a statement may read all rows."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
            (told,) = cursor.fetchone()
            plan = told if isinstance(told, list) else json.loads(told)
            yield from read_by_postgresql(plan[0]["Plan"])
        elif NEVER not in sql:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            yield from read_by_sqlite(sql, [line for *_, line in cursor.fetchall()])


def read_by_postgresql(
    node: dict[str, Any], table: str = "", *, limited: bool = False
) -> Iterator[str]:
    kind, table = node["Node Type"], node.get("Relation Name", table)
    all_of_index = "Index" in kind and "Index Cond" not in node and not limited
    if kind == "Seq Scan" or all_of_index:
        yield table
    limited = kind == "Limit" or (limited and kind in LAZY)
    for child in node.get("Plans", ()):
        yield from read_by_postgresql(child, table, limited=limited)


def read_by_sqlite(sql: str, plan: Sequence[str]) -> Iterator[str]:
    limited = " LIMIT " in sql and not any("TEMP B-TREE" in line for line in plan)
    tables = set(connection.introspection.table_names())
    for line in plan:
        if scanned := re.match(r"SCAN (\w+)( USING)?", line):
            named = re.search(rf'"(\w+)" {scanned[1]}\b', sql)
            table = named[1] if named else scanned[1]
            if table in tables and not (limited and scanned[2]):
                yield table


def visit_all(hers: Belongings) -> None:
    """Every address of the site's own, and every page as those see it whom it is made for."""
    clients = {"member": signed_in("alice"), "newcomer": signed_in("bob"), "stranger": Client()}
    for route in routes():
        if not route.name.startswith("admin"):
            path = path_of(route, hers)
            asked(clients["member"], "get", path, {})
            asked(clients["member"], "post", path, posted(route))
            asked(clients["stranger"], "get", path, {})
    for visit in VISITS:
        if not visit.making:
            path = reverse(visit.name, args=visit.args) + visit.query
            asked(clients[visit.who], "get", path, {})


@pytest.fixture
def shunning(db: None) -> None:
    """What other tests left, files of tables that were large and what was counted, tells."""
    if connection.vendor == "postgresql":
        growing = set(connection.introspection.table_names()) - SMALL - MIGRATED
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM pg_statistic")
            cursor.execute(f"TRUNCATE {', '.join(growing)} CASCADE")
            for way in SHUNNED:
                cursor.execute(f"SET LOCAL enable_{way} = off")


def test_no_request_reads_the_whole_of_a_table_that_grows(
    shunning: None, hers: Belongings
) -> None:
    planner = Planner()
    with connection.execute_wrapper(planner):
        visit_all(hers)
    assert len(planner.planned) > 100
    assert [scan for scan in planner.scans if not is_allowed(scan)] == []


def is_allowed(scan: str) -> bool:
    return any(re.search(f": {statement}", scan) for statement in ALLOWED)
