"""Seconds between times, reckoned by the database without a call into Python for each row."""

from typing import Any

from django.db.models import FloatField, Func, IntegerField, Value
from django.db.models.expressions import Combinable, Expression
from django.db.models.functions import Now


class Epoch(Func):
    """A time as seconds; only differences mean anything."""

    output_field = FloatField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "(julianday(%(expressions)s) * 86400.0)"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "EXTRACT(EPOCH FROM %(expressions)s)::float8"
        return self.as_sql(compiler, connection, template=template, **context)


class Floored(Func):
    """The whole number below a number that is not negative."""

    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "CAST(%(expressions)s AS INTEGER)"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "FLOOR(%(expressions)s)::int"
        return self.as_sql(compiler, connection, template=template, **context)


def seconds(earlier: str | Expression, later: str | Expression | None = None) -> Combinable:
    """From one time to the other, or to now."""
    until = Now() if later is None else later
    return Epoch(until) - Epoch(earlier)


#: Durations are counted by steps of a hundredth, of which there are far fewer than durations.
STEPS = 100


def step(duration: Combinable) -> Floored:
    return Floored(duration * Value(float(STEPS)) + Value(0.5))
