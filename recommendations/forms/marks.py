"""Forms of what is said of a film without stars."""

from datetime import datetime
from typing import Any

from django import forms

from recommendations.forms.ratings import not_later_than_now
from recommendations.models import Mark
from recommendations.models.marks import Opinion
from recommendations.models.taste import HALVES


class MarkForm(forms.Form):
    """A mark to put on a film, or one to take back."""

    viewer = forms.IntegerField(required=False, min_value=1)
    put = forms.ChoiceField(required=False, choices=Mark.Kind)
    take = forms.ChoiceField(required=False, choices=Mark.Kind)

    def clean(self) -> dict[str, Any]:
        given = [self.cleaned_data.get(name) for name in ("put", "take")]
        if not self.errors and bool(given[0]) == bool(given[1]):
            raise forms.ValidationError("Say what to do with the film.")
        return self.cleaned_data

    @property
    def kind(self) -> Mark.Kind:
        return Mark.Kind(self.cleaned_data["put"] or self.cleaned_data["take"])

    @property
    def refusal(self) -> str:
        return " ".join(str(message) for each in self.errors.values() for message in each)


class MarkedAgainForm(forms.Form):
    """When a mark that is brought back was put; a new one was put now."""

    marked_at = forms.DateTimeField(required=False)

    def clean_marked_at(self) -> datetime | None:
        return not_later_than_now(self.cleaned_data["marked_at"])

    @property
    def moment(self) -> datetime | None:
        return self.cleaned_data.get("marked_at") if self.is_valid() else None


class UndoForm(forms.Form):
    """What a viewer had said of a film before an action."""

    viewer = forms.IntegerField(required=False, min_value=1)
    stars = forms.TypedChoiceField(
        required=False,
        coerce=float,
        empty_value=None,
        choices=[(str(half), half) for half in HALVES],
    )
    rated_at = forms.DateTimeField(required=False)
    kinds = forms.MultipleChoiceField(required=False, choices=Mark.Kind)

    def clean_rated_at(self) -> datetime | None:
        return not_later_than_now(self.cleaned_data["rated_at"])

    @property
    def opinion(self) -> Opinion:
        said = self.cleaned_data
        return Opinion(said["stars"], frozenset(map(Mark.Kind, said["kinds"])), said["rated_at"])


class PlaceForm(forms.Form):
    """The shelf of a page that a card's menu is on; nothing on pages of no shelf."""

    place = forms.SlugField(required=False)
