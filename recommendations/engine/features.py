"""What is known of films beside their ratings."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]

#: Bumps over the year of release: one every so many years, each so wide (standard deviation).
YEARS_APART, YEARS_WIDE = 5.0, 5.0


@dataclass(frozen=True, eq=False)
class FilmFeatures:
    """What is known of films beside their ratings, by raw id, in any order.

    film_ids: (n,) int32; genres: (n, n_genres) bool; years: (n,) float32, NaN if unknown.
    """

    film_ids: NDArray[np.int32]
    genres: NDArray[np.bool_]
    years: Floats

    def __post_init__(self) -> None:
        if not len(self.film_ids) == len(self.genres) == len(self.years):
            raise ValueError("There must be as many film ids as rows of genres and years.")

    @classmethod
    def of_films(
        cls, years: Mapping[int, int | None], genres: Iterable[tuple[int, str]]
    ) -> Self | None:
        """From each film's year, and every film with each of its genres; None without films."""
        if not years:
            return None
        places = {film: place for place, film in enumerate(years)}
        pairs = [(places[film], name) for film, name in genres]
        columns = {name: at for at, name in enumerate(sorted({name for _, name in pairs}))}
        flags = np.zeros((len(years), len(columns)), np.bool_)
        for place, name in pairs:
            flags[place, columns[name]] = True
        known = [math.nan if year is None else year for year in years.values()]
        return cls(np.array(list(years), np.int32), flags, np.array(known, np.float32))

    @classmethod
    def of_arrays(cls, film_ids: ArrayLike, genres: ArrayLike, years: ArrayLike) -> Self | None:
        """From what `with_features` is given; None without films.

        Raises ValueError when their lengths differ.
        """
        given = cls(
            np.asarray(film_ids, np.int32),
            np.asarray(genres, np.bool_),
            np.asarray(years, np.float32),
        )
        return given if len(given.film_ids) else None

    def of(self, film_ids: NDArray[np.int32]) -> "FilmFeatures":
        """The features of these films, in their order: no genre and no year where unknown."""
        order = np.argsort(self.film_ids)
        places = np.searchsorted(self.film_ids, film_ids, sorter=order)
        places = order[np.minimum(places, len(order) - 1)]
        known = self.film_ids[places] == film_ids
        years = np.where(known, self.years[places], np.nan).astype(np.float32)
        return FilmFeatures(film_ids, self.genres[places] & known[:, None], years)

    def bumps(self) -> Floats:
        """Gaussian bumps over the year, one row every 5 years: (n_bumps, n)."""
        if np.isnan(self.years).all():
            return np.zeros((0, len(self.years)), np.float32)
        first, last = np.nanmin(self.years), np.nanmax(self.years)
        centres = np.arange(first, last + YEARS_APART, YEARS_APART)[:, None]
        heights = np.exp(-0.5 * ((self.years - centres) / YEARS_WIDE) ** 2)
        return np.nan_to_num(heights).astype(np.float32)


@runtime_checkable
class TakesFeatures(Protocol):
    """A model whose fit uses features of films, when it is given any before.

    They are not stored: only what the fit made of them is.
    """

    def with_features(self, film_ids: ArrayLike, genres: ArrayLike, years: ArrayLike) -> Self: ...


def give(model: object, features: FilmFeatures | None) -> None:
    """Let a model that takes features use these in the fit that follows, if there are any."""
    if features and isinstance(model, TakesFeatures):
        model.with_features(features.film_ids, features.genres, features.years)
