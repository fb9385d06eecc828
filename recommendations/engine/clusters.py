"""Groups of films that the same people like: spectral clustering of what a model finds similar.

The method is that of Ng, Jordan and Weiss (2002), *On Spectral Clustering*: an affinity matrix is
divided by the square roots of its rows' sums, its leading eigenvectors are the films' coordinates,
scaled to length 1, and k-means finds the groups in them. Cutting by the sums keeps groups of
like size: neither a catch-all nor films by themselves.

Only well-known films are clustered, so that the time does not grow with the catalogue: 400 films
take about a tenth of a second.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from recommendations.engine.contract import Model

    Floats = NDArray[np.float64]
    Labels = NDArray[np.int32]

#: So many neighbours of a film say what it is like.
NEAREST = 20

#: k-means begins with so many films in turn, and the tightest groups are kept.
BEGINNINGS = 10
STEPS = 50


def affinity(model: "Model", films: "NDArray[np.int32]") -> "Floats":
    """How alike each two of `films` are, by the model's own neighbours: (n, n), symmetric.

    films: (n,) internal indices, distinct. Each film's nearest neighbour among all films is 1
    to it, before the two directions are averaged; a film that is not near any other has a row
    of 0.
    """
    places = {film: place for place, film in enumerate(films.tolist())}
    found = np.zeros((len(films), len(films)))
    for film, place in places.items():
        near = model.similar(film, NEAREST)
        for other, similarity in near:
            if other in places:
                found[place, places[other]] = similarity / near[0].similarity
    return (found + found.T) / 2


def clusters(affinity: "Floats", k: int) -> "Labels":
    """The group of each film, from 0 to k - 1: (n,). Nothing is drawn: the same gives the same.

    affinity: (n, n), symmetric and not negative; k is at most the number of films that are like
    any. One that is like none is in group 0, and a group may be empty where fewer than k can be
    told apart.
    """
    linked = affinity.any(axis=1)
    labels = np.zeros(len(affinity), np.int32)
    labels[linked] = _tightest(_embedding(affinity[np.ix_(linked, linked)], k), k)
    return labels


def _tightest(points: "Floats", k: int) -> "Labels":
    beginnings = np.unique(np.linspace(0, len(points) - 1, BEGINNINGS).astype(int))
    found = [_k_means(points, _far_apart(points, k, first)) for first in beginnings]
    labels, _ = min(found, key=lambda each: each[1])
    return labels


def _far_apart(points: "Floats", k: int, first: int) -> "Floats":
    """Centres to begin with: `first`, then each time the point farthest from all before: (k, k).

    On the sphere the farthest is the most orthogonal, as Ng, Jordan and Weiss begin.
    """
    chosen = [first]
    nearest = np.abs(points @ points[first])
    while len(chosen) < k:
        chosen.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, np.abs(points @ points[chosen[-1]]))
    return points[chosen]


def _k_means(points: "Floats", centres: "Floats") -> "tuple[Labels, float]":
    """Lloyd's iterations; returns the labels and the sum of the squared distances."""
    for _ in range(STEPS):
        distances = ((points[:, None] - centres) ** 2).sum(axis=2)
        labels = distances.argmin(axis=1)
        members = np.eye(len(centres))[labels]
        counts = members.sum(axis=0)[:, None]
        moved = np.where(counts > 0, members.T @ points / np.maximum(counts, 1), centres)
        if np.allclose(moved, centres):
            break
        centres = moved
    return labels.astype(np.int32), float(distances.min(axis=1).sum())


def _embedding(affinity: "Floats", k: int) -> "Floats":
    """Coordinates of the films by the k leading eigenvectors: (n, k), each row of length 1."""
    scale = np.sqrt(affinity.sum(axis=1))
    _, vectors = np.linalg.eigh(affinity / np.outer(scale, scale))
    leading = vectors[:, -k:]
    lengths = np.linalg.norm(leading, axis=1, keepdims=True)
    return np.asarray(leading / np.where(lengths > 0, lengths, 1))


def belonging(affinity: "Floats", labels: "Labels") -> "Floats":
    """The share of each film's affinity that lies within its own group: (n,), from 0 to 1."""
    within = np.where(labels[:, None] == labels, affinity, 0).sum(axis=1)
    sums = affinity.sum(axis=1)
    return np.asarray(within / np.where(sums > 0, sums, 1))
