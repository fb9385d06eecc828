"""Somebody with one of everything that a viewer can have here."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.admin.utils import NestedObjects
from django.db.models import Model

from recommendations.importers.exports.reading import Contents, ExportFile
from recommendations.models import (
    FilmNight,
    Genre,
    Mark,
    Movie,
    MovieList,
    RatingsImport,
    TasteControls,
    UnmatchedEntry,
    Viewer,
)
from recommendations.models.prediction import HOME, TASTE
from recommendations.pipeline import imports, requests
from recommendations.tasks import import_ratings, run_prediction
from tests.importers.exports.files import letterboxd

if TYPE_CHECKING:
    from uuid import UUID

EXPORT = letterboxd("Twin,1990,3", "Diary of a Nobody Here,2020,4")

#: What nobody else may come to read, beside the name.
SECRETS = ("Noir for rainy nights", "for nobody but me", "Diary of a Nobody", "from-letterboxd")


@dataclass(frozen=True)
class Belongings:
    viewer: Viewer
    noir: MovieList
    night: FilmNight
    brought: RatingsImport
    entry: UnmatchedEntry

    @property
    def secrets(self) -> list[str]:
        tokens = (self.noir.share_token, self.viewer.feed_token, self.night.token)
        return [str(self.viewer), *SECRETS, *map(str, tokens)]

    def arguments(self, path: str) -> dict[str, object]:
        """What the addresses of these things hold."""
        token: UUID | None = self.night.token
        if "shared" in path:
            token = self.noir.share_token
        if "feed" in path:
            token = self.viewer.feed_token
        return {
            "list_id": self.noir.pk,
            "import_id": self.brought.pk,
            "entry_id": self.entry.pk,
            "viewer_id": self.viewer.pk,
            "token": token,
        }

    def dump(self) -> list[tuple[Any, ...]]:
        """All rows that hang on the viewer and the account, of whatever table."""
        root: Model = self.viewer.user or self.viewer
        collector = NestedObjects(using="default")
        collector.collect([type(root)._base_manager.get(pk=root.pk)])
        rows = [each for instances in collector.data.values() for each in instances]
        return sorted(map(_row, rows), key=str)


def _row(row: Model) -> tuple[Any, ...]:
    fields = row._meta.concrete_fields
    values = (getattr(row, field.attname) for field in fields)
    return row._meta.label, *(bytes(v) if isinstance(v, memoryview) else v for v in values)


def furnish(viewer: Viewer) -> Belongings:
    """Give the viewer, who has rated some films, one of everything."""
    for film in (101, 102):
        Movie.objects.create(id=film, title="Twin", year=1990)
    for film, kind in zip(range(60, 65), Mark.Kind, strict=True):
        Mark.put(viewer, Movie.objects.get(pk=film), kind)
    noir = MovieList.make(viewer, SECRETS[0], SECRETS[1])
    for film in (1, 2, 65):
        noir.add(Movie.objects.get(pk=film))
    noir.share()
    viewer.open_feed()
    controls = TasteControls.objects.create(viewer=viewer, leaning=1, first_year=1950)
    controls.without.add(Genre.objects.get(name="Romance"))
    brought = _imported(viewer)
    for key in (HOME, TASTE, "film:10"):
        requests.ensure(viewer, key)
    for row in viewer.predictions.in_flight():
        run_prediction(row.pk)
    return Belongings(
        Viewer.objects.get(pk=viewer.pk),
        noir,
        FilmNight.start(viewer),
        brought,
        viewer.unmatched.exclude(candidates=[]).get(),
    )


def _imported(viewer: Viewer) -> RatingsImport:
    file = ExportFile("from-letterboxd.csv", EXPORT.encode(), Contents.AUTO)
    brought = imports.ask(viewer, file)
    assert brought
    import_ratings(brought.pk)
    brought.refresh_from_db()
    return brought
