"""What the pages of a viewer's taste are given: plots, opinions, and the nearest viewers."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db.models import Avg, Count, Min
from django.urls import reverse

from recommendations.models import Movie, Viewer
from recommendations.models.marks import done_with
from recommendations.pipeline.states import Part, State, part
from recommendations.taste_report.groups import by_decade, by_genre
from recommendations.taste_report.opinions import unusual
from recommendations.taste_report.over_time import over_time
from recommendations.taste_report.stars import by_everybody, stars_given
from recommendations.taste_report.year import YearInReview, in_review, years_of
from recommendations.views.cards import Card, cards_of
from recommendations.views.polling import Poll, poll_for
from recommendations.views.taste import charts

if TYPE_CHECKING:
    from datetime import datetime

    from recommendations.models import Rating
    from recommendations.pipeline.requests import Standing
    from recommendations.taste_report.groups import Group

#: With fewer ratings there is nothing to say of a taste.
LEAST_RATINGS = 5

#: Opinions to each side.
UNUSUAL = 5

#: Genres that a plot has room for.
GENRES = 12


@dataclass(frozen=True)
class TastePage:
    count: int
    mean: float
    since: "datetime"
    years: list[int]
    over_time: charts.Columns
    stars: charts.Columns
    decades: charts.Differences
    genres: charts.Differences
    above: "list[Rating]"
    below: "list[Rating]"


def taste_page(viewer: Viewer) -> TastePage | None:
    """None for a viewer who has rated too few films yet."""
    ratings = viewer.ratings.all()
    counted = ratings.aggregate(count=Count("pk"), mean=Avg("stars"), since=Min("rated_at"))
    if counted["count"] < LEAST_RATINGS:
        return None
    above, below = unusual(ratings, UNUSUAL)
    return TastePage(
        **counted,
        years=years_of(viewer),
        over_time=charts.over_time(over_time(ratings)),
        stars=charts.stars(stars_given(ratings), by_everybody()),
        decades=charts.differences("decade", by_decade(ratings)),
        genres=charts.differences("genre", by_genre(ratings), GENRES),
        above=above,
        below=below,
    )


@dataclass(frozen=True)
class YearPage:
    review: YearInReview
    months: charts.Columns
    before: int | None
    after: int | None

    @property
    def favourites(self) -> "list[tuple[str, Group]]":
        """By kind, those that there are."""
        found = self.review.favourites
        kinds = {"genre": found.genre, "decade": found.decade, "director": found.director}
        return [(kind, group) for kind, group in kinds.items() if group]

    @property
    def hours(self) -> int:
        return round(self.review.minutes / 60)


def year_page(viewer: Viewer, year: int) -> YearPage | None:
    """None for a year without ratings."""
    years = years_of(viewer)
    if year not in years:
        return None
    review = in_review(viewer, year)
    return YearPage(
        review,
        charts.months(review.months),
        before=max((each for each in years if each < year), default=None),
        after=min((each for each in years if each > year), default=None),
    )


@dataclass(frozen=True)
class Near:
    """One of the nearest viewers; an account's name is nobody's business."""

    slug: str
    name: str
    shared: int
    agreed: int
    both: list[Movie]
    theirs: list[Card]


@dataclass(frozen=True)
class Nearest:
    """The nearest viewers in their present state."""

    state: State
    viewers: list[Near] = field(default_factory=list)
    compared: int = 0
    refreshing: bool = False
    stalled: bool = False
    refresh_failed: bool = False
    poll: Poll | None = None


def nearest(standing: "Standing", since: "datetime | None" = None) -> Nearest:
    known = part(standing, "nearest", since)
    return Nearest(
        state=known.state,
        viewers=_near(known),
        compared=known.content.get("compared", 0),
        refreshing=known.refreshing,
        stalled=known.stalled,
        refresh_failed=known.refresh_failed,
        poll=poll_for(known, reverse("fragment-nearest")),
    )


def _near(known: Part) -> list[Near]:
    """Those who are still there, with what the viewer has not rated or seen since."""
    found = known.content.get("viewers", [])
    viewers = Viewer.objects.in_bulk([each["viewer"] for each in found])
    viewer = known.standing.viewer
    named = {film for each in found for film in each["both"] + each["theirs"]}
    films = {card.movie.pk: card for card in cards_of(Movie.objects.filter(pk__in=named), viewer)}
    done = done_with(viewer)
    return [
        Near(
            slug=f"near-{place}",
            name=_name(viewers[each["viewer"]]),
            shared=each["shared"],
            agreed=each["agreed"],
            both=[films[film].movie for film in each["both"] if film in films],
            theirs=[films[f] for f in each["theirs"] if f in films and f not in done],
        )
        for place, each in enumerate(found, start=1)
        if each["viewer"] in viewers
    ]


def _name(viewer: Viewer) -> str:
    return viewer.display_name if viewer.kind == Viewer.Kind.IMPORTED else "A member here"
