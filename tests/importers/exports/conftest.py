import pytest
from django.contrib.auth.models import User

from recommendations.models import Viewer
from tests.importers.exports.files import make_films


@pytest.fixture
def ada(db: None) -> Viewer:
    """Signed up, among a few films, and has rated none."""
    make_films()
    return Viewer.for_user(User.objects.create_user("ada"))
