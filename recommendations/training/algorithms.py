"""The algorithms that can be trained, by name."""

from collections.abc import Mapping

from django.conf import settings
from django.utils.module_loading import import_string

from recommendations.engine.contract import Model


class TrainingFailed(Exception):
    """No model came of it, for a reason that whoever asked for it can mend."""


def algorithm(name: str) -> type[Model]:
    """The class that `settings.ALGORITHMS` names; ValueError, naming the valid, if it has none."""
    if name not in settings.ALGORITHMS:
        valid = ", ".join(settings.ALGORITHMS)
        raise ValueError(f"There is no algorithm {name!r}; valid are {valid}.")
    found: type[Model] = import_string(settings.ALGORITHMS[name])
    return found


def unfitted(name: str, parameters: Mapping[str, object]) -> Model:
    """Raises TrainingFailed for an algorithm or parameters that do not exist."""
    try:
        return algorithm(name)(**parameters)
    except ValueError as error:
        raise TrainingFailed(str(error)) from error
