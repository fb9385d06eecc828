from typing import Any

from django.apps import AppConfig, apps
from django.core.management import call_command
from django.db.models.signals import post_migrate


class RecommendationsConfig(AppConfig):
    name = "recommendations"
    verbose_name = "Recommendations"

    def ready(self) -> None:
        from recommendations.pipeline import schedules

        post_migrate.connect(schedules.install, sender=apps.get_app_config("django_q"))
        post_migrate.connect(make_cache_table, sender=self)


def make_cache_table(using: str, **_signal: Any) -> None:
    """Make the table of the cache that all processes share; nothing if it is there."""
    call_command("createcachetable", database=using, verbosity=0)
