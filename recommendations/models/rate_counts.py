"""How often somebody did something lately, counted once for all processes and hosts."""

from django.db import connection, models
from django.db.models import F, Q, Value

#: One statement, so that those who come at once wait for the row and are each counted.
ONE_MORE = """
INSERT INTO recommendations_ratecount AS counted (who, seconds, period, done) VALUES {rows}
ON CONFLICT (who, seconds) DO UPDATE SET
    done = CASE WHEN counted.period = excluded.period THEN counted.done + 1 ELSE 1 END,
    period = excluded.period
RETURNING seconds, done
"""


class RateCountQuerySet(models.QuerySet["RateCount"]):
    def full(self, who: str, rates: list[tuple[int, int]], now: float) -> "RateCountQuerySet":
        """Those of `who` that let no more through in the present period."""
        full = Q(pk__in=[])
        for most, seconds in rates:
            full |= Q(seconds=seconds, period=now // seconds, done__gte=most)
        return self.filter(full, who=who)

    def add(self, who: str, rates: list[tuple[int, int]], now: float) -> dict[int, int]:
        """Count once more for each rate, and say what each has now, by its seconds."""
        rows = [(who, seconds, int(now // seconds), 1) for _, seconds in rates]
        places = ", ".join("(%s, %s, %s, %s)" for _ in rows)
        with connection.cursor() as cursor:
            cursor.execute(ONE_MORE.format(rows=places), [value for row in rows for value in row])
            return dict(cursor.fetchall())

    def prune(self, now: float) -> int:
        """Delete those whose period is over."""
        return self.filter(period__lt=Value(int(now)) / F("seconds")).delete()[0]


class RateCount(models.Model):
    """What one account or address did in the last period of one rate in which it did anything."""

    who = models.CharField(max_length=200)
    seconds = models.PositiveIntegerField(help_text="How long the period is")
    period = models.PositiveBigIntegerField(help_text="How many have passed since 1970")
    done = models.PositiveIntegerField()
    pk = models.CompositePrimaryKey("who", "seconds")

    objects = RateCountQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.who}: {self.done} in {self.seconds} s"
