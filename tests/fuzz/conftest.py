import pytest
from django.contrib.auth.models import User
from django.core.cache import cache

from recommendations.models import Movie, TrainedModel, Viewer
from tests.views.belongings import Belongings, furnish


@pytest.fixture
def hers(active_model: TrainedModel) -> Belongings:
    """An account with one of everything that a viewer can have here."""
    user = User.objects.create_user("alice", "alice@example.org", "a long secret")
    viewer = Viewer.for_user(user)
    for film, stars in ((1, 5.0), (2, 4.5), (3, 5.0), (41, 1.0), (42, 0.5)):
        viewer.rate(Movie.objects.get(pk=film), stars)
    Viewer.for_user(User.objects.create_superuser("staff", password="a long secret"))
    cache.clear()
    return furnish(viewer)
