import pytest

from recommendations import shelves
from recommendations.views.home import presenters


@pytest.fixture
def short_shelves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of so few films that the catalogue has enough for all shelves."""
    monkeypatch.setattr(shelves, "SHOWN", 5)
    monkeypatch.setattr(presenters, "SHOWN", 5)
    monkeypatch.setattr(presenters.query_shelf, "__defaults__", ((), 5))
