"""Parameters of a model, read from what an operator typed or a database row holds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self


@dataclass(frozen=True)
class Parameters:
    """Base of each model's parameters: fields that are whole numbers or floats, with defaults."""

    @classmethod
    def read(cls, given: Mapping[str, object]) -> Self:
        """Take parameters by name, as numbers or as text.

        Raises ValueError, naming the valid ones, for an unknown name or an unusable value.
        """
        kinds = {field.name: type(field.default) for field in fields(cls)}
        if unknown := sorted(set(given) - set(kinds)):
            raise ValueError(
                f"Unknown parameter {', '.join(unknown)}; valid are {', '.join(kinds)}."
            )
        return cls(**{name: _number(name, value, kinds[name]) for name, value in given.items()})


def _number(name: str, value: object, kind: type) -> float:
    expected = "a whole number" if kind is int else "a number"
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or (kind is int and not number.is_integer()):
        raise ValueError(f"Parameter {name} must be {expected}, not {value!r}.")
    return int(number) if kind is int else number


def require(
    parameters: object, *, positive: tuple[str, ...], not_negative: tuple[str, ...]
) -> None:
    """Raises ValueError, naming the parameter that is out of its bounds."""
    for name in positive:
        if getattr(parameters, name) <= 0:
            raise ValueError(f"Parameter {name} must be above 0.")
    for name in not_negative:
        if getattr(parameters, name) < 0:
            raise ValueError(f"Parameter {name} must not be below 0.")
