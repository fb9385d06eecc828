"""What can be asked of the catalogue, as the address of the page says it."""

from django import forms
from django.db.models import Max, Min
from django.http import QueryDict

from recommendations.browse import Sort, Wanted
from recommendations.models import Genre, Movie, Viewer

Choices = list[tuple[str, str]]

SORTS = {
    Sort.RELEVANCE: "Best match",
    Sort.POPULAR: "Most rated",
    Sort.PREDICTED: "Predicted for you",
    Sort.LIKED: "Highest rated",
    Sort.YEAR: "Newest",
    Sort.TITLE: "Title",
}
RATINGS: Choices = [
    ("", "Any"),
    ("unrated", "Not rated yet"),
    ("rated", "Rated"),
    *((f"{stars}", f"★ {stars} or more") for stars in (5, 4, 3, 2)),
]
STARS: Choices = [
    ("", "Any"),
    *((stars, f"★ {stars} or more") for stars in ("4.5", "4", "3.5", "3")),
]
MARKED: Choices = [("", "Any"), ("watchlist", "Watchlist"), ("seen", "Seen")]

#: The fields that need a viewer, and those that need a run's scores.
OWN, SCORED = ("rating", "list"), ("stars",)

NO_SCORES = "Predicted stars come once you have rated films."
NO_VIEWER = "Your ratings and lists come once you have rated a film."


class BrowseForm(forms.Form):
    """Fields that do not fit stay empty and say so; the others count."""

    q = forms.CharField(label="Search", required=False)
    genre = forms.ChoiceField(required=False)
    decade = forms.ChoiceField(required=False)
    rating = forms.ChoiceField(label="My rating", choices=RATINGS, required=False)
    stars = forms.ChoiceField(label="Predicted", choices=STARS, required=False)
    list = forms.ChoiceField(label="My lists", required=False)
    sort = forms.ChoiceField(label="Sort by", required=False)

    def __init__(self, data: QueryDict, viewer: Viewer | None) -> None:
        self.usual = Sort.RELEVANCE if data.get("q", "").strip() else Sort.POPULAR
        if data.get("sort") == self.usual:
            data = data.copy()
            del data["sort"]
        super().__init__(data, auto_id="browse-%s", label_suffix="")
        self.viewer = viewer
        self.has_scores = getattr(viewer, "scores", None) is not None
        self._choices("genre", [("", "Any"), *genres()])
        self._choices("decade", [("", "Any"), *decades()])
        self._choices("list", [*MARKED, *lists(viewer)])
        self._choices("sort", self._sorts())
        self._leave_out()
        for field in self.fields.values():
            field.error_messages["invalid_choice"] = "There is no such choice: %(value)s."

    def _choices(self, name: str, choices: Choices) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def _leave_out(self) -> None:
        """What asks for ratings or scores that are not there."""
        missing = () if self.viewer else OWN
        for name in missing if self.has_scores else (*missing, *SCORED):
            del self.fields[name]

    def _sorts(self) -> Choices:
        """The usual one has no value, so that it is another one with a query than without."""
        never = {self.usual, Sort.RELEVANCE} | (set() if self.has_scores else {Sort.PREDICTED})
        others = [(str(sort), label) for sort, label in SORTS.items() if sort not in never]
        return [("", SORTS[self.usual]), *others]

    def clean_q(self) -> str:
        query: str = self.cleaned_data["q"]
        return query[:100]

    def clean(self) -> None:
        if not self.has_scores and (
            self.data.get("stars") or self.data.get("sort") == Sort.PREDICTED
        ):
            self.errors.pop("sort", None)
            self.add_error(None, NO_SCORES)
        if not self.viewer and any(self.data.get(name) for name in OWN):
            self.add_error(None, NO_VIEWER)

    @property
    def chosen(self) -> dict[str, str]:
        """What counts, by field; empty ones are left out."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    def wanted(self) -> Wanted:
        chosen = self.chosen
        return Wanted(
            query=chosen.get("q", ""),
            genre=chosen.get("genre", ""),
            decade=int(chosen["decade"]) if "decade" in chosen else None,
            rating=chosen.get("rating", ""),
            stars=float(chosen["stars"]) if "stars" in chosen else None,
            among=chosen.get("list", ""),
            sort=Sort(chosen.get("sort", self.usual)),
        )

    def label_of(self, name: str) -> str:
        """The choice that was made, in words."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        return str(dict(field.choices)[self.cleaned_data[name]])  # type: ignore[arg-type]


def genres() -> Choices:
    return [(name, name) for name in Genre.objects.values_list("name", flat=True)]


def decades() -> Choices:
    """From the newest film's to the oldest film's."""
    years = Movie.objects.aggregate(first=Min("year"), last=Max("year"))
    if years["first"] is None:
        return []
    first, last = years["first"] // 10 * 10, years["last"]
    return [(str(year), f"{year}s") for year in range(first, last + 1, 10)][::-1]


def lists(viewer: Viewer | None) -> Choices:
    own = viewer.lists.values_list("pk", "name") if viewer else []
    return [(str(number), name) for number, name in own]
