import pytest
from django.conf import LazySettings


@pytest.fixture(autouse=True)
def quick_default(settings: LazySettings) -> None:
    """What is trained when nobody says what is quick to train, and takes SVD's parameters."""
    settings.DEFAULT_ALGORITHM = "svd"
