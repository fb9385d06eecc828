from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class RecommendationsConfig(AppConfig):
    name = "recommendations"
    verbose_name = "Recommendations"

    def ready(self) -> None:
        from recommendations.pipeline import schedules

        post_migrate.connect(schedules.install, sender=apps.get_app_config("django_q"))
