"""Parameters of a model, read from what an operator typed or a database row holds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

#: Of whole numbers: what libraries in C take.
LARGEST = 2**31 - 1


@dataclass(frozen=True)
class Range:
    """Where a parameter may be searched, both ends included."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"A range goes from low to high, not from {self.low} to {self.high}.")

    @property
    def is_log(self) -> bool:
        """Whether it is the order of magnitude that counts: from ten times the low end on."""
        return 0 < 10 * self.low <= self.high

    def rounded(self, value: float) -> float:
        """To three digits, which can be read and typed; still inside."""
        return min(max(float(f"{value:.3g}"), self.low), self.high)


@dataclass(frozen=True)
class Parameters:
    """Base of each model's parameters: fields that are whole numbers or floats, with defaults.

    A field that is Parameters itself holds those of a part, which are read and named with a dot:
    `part.name`.

    ranges: those that are worth searching, by name
    """

    ranges: ClassVar[Mapping[str, Range]] = {}

    @classmethod
    def read(cls, given: Mapping[str, object]) -> Self:
        """Take parameters by name, as numbers or as text.

        Raises ValueError, naming the valid ones, for an unknown name or an unusable value.
        """
        if unknown := sorted(set(given) - set(cls._names())):
            raise ValueError(
                f"Unknown parameter {', '.join(unknown)}; valid are {', '.join(cls._names())}."
            )
        parts = {name: _read_part(name, default, given) for name, default in cls._parts().items()}
        kinds = {field.name: type(field.default) for field in fields(cls)}
        own = {name: value for name, value in given.items() if name in kinds}
        return cls(**parts, **{name: _number(name, own[name], kinds[name]) for name in own})

    def named(self) -> dict[str, Any]:
        """Every value by its name, as `read` takes them."""
        found: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            is_part = isinstance(value, Parameters)
            found |= _prefixed(field.name, value.named()) if is_part else {field.name: value}
        return found

    @classmethod
    def _names(cls) -> list[str]:
        return list(cls().named())

    @classmethod
    def _parts(cls) -> "dict[str, Parameters]":
        return {
            field.name: field.default
            for field in fields(cls)
            if isinstance(field.default, Parameters)
        }


def _prefixed(part: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{part}.{name}": value for name, value in values.items()}


def _read_part(part: str, default: Parameters, given: Mapping[str, object]) -> Parameters:
    start = f"{part}."
    own = {name.removeprefix(start): given[name] for name in given if name.startswith(start)}
    try:
        return type(default).read(default.named() | own)
    except ValueError as error:
        raise ValueError(f"Of {part}: {error}") from error


def _number(name: str, value: object, kind: type) -> float:
    expected = "a whole number" if kind is int else "a number"
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or (kind is int and not number.is_integer()):
        raise ValueError(f"Parameter {name} must be {expected}, not {value!r}.")
    if kind is int and abs(number) > LARGEST:
        raise ValueError(f"Parameter {name} must not be beyond {LARGEST:,}, and is {number:g}.")
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
