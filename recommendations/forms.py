from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

from recommendations.models import Mark, Viewer
from recommendations.models.marks import Opinion
from recommendations.models.taste import HALVES

WRONG_STARS = "Stars go from 0.5 to 5.0 in halves."


class RatingForm(forms.Form):
    """Stars in halves; an empty value takes the rating back.

    `viewer` is whom the page was drawn for, empty for one who was nobody yet.
    """

    viewer = forms.IntegerField(required=False, min_value=1)
    stars = forms.FloatField(required=False, error_messages={"invalid": WRONG_STARS})

    def clean_stars(self) -> float | None:
        stars: float | None = self.cleaned_data["stars"]
        if stars is not None and stars not in HALVES:
            raise forms.ValidationError(WRONG_STARS)
        return stars

    def clean(self) -> dict[str, Any]:
        if "stars" not in self.data:
            self.add_error("stars", "Say how many stars; an empty value removes the rating.")
        return self.cleaned_data


class RestoredRatingForm(forms.Form):
    """A rating that was removed, as it was."""

    stars = forms.TypedChoiceField(
        coerce=float,
        choices=[(f"{half:.1f}", half) for half in HALVES],
        error_messages={"invalid_choice": WRONG_STARS},
    )
    rated_at = forms.DateTimeField()

    def clean_rated_at(self) -> datetime:
        rated_at: datetime = self.cleaned_data["rated_at"]
        return min(rated_at, timezone.now())


class MovieListForm(forms.Form):
    """What a list is called, and what it is; whether that may be is the model's to say."""

    name = forms.CharField(max_length=100, error_messages={"required": "A list needs a name."})
    description = forms.CharField(
        max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class AddToListForm(forms.Form):
    """One of the viewer's lists, or the name of a new one."""

    list = forms.IntegerField(required=False, min_value=1)
    name = forms.CharField(required=False, max_length=100)

    def clean(self) -> dict[str, Any]:
        if not (self.errors or self.cleaned_data["list"] or self.cleaned_data["name"]):
            self.add_error("name", "Choose a list, or name a new one.")
        return self.cleaned_data


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


class UndoForm(forms.Form):
    """What a viewer had said of a film before an action."""

    viewer = forms.IntegerField(required=False, min_value=1)
    stars = forms.TypedChoiceField(
        required=False,
        coerce=float,
        empty_value=None,
        choices=[(str(half), half) for half in HALVES],
    )
    kinds = forms.MultipleChoiceField(required=False, choices=Mark.Kind)

    @property
    def opinion(self) -> Opinion:
        kinds = frozenset(map(Mark.Kind, self.cleaned_data["kinds"]))
        return Opinion(self.cleaned_data["stars"], kinds)


class PlaceForm(forms.Form):
    """The shelf of a page that a card's menu is on; nothing on pages of no shelf."""

    place = forms.SlugField(required=False)


class NameForm(forms.Form):
    """What a guest is called by others; an account has a name."""

    name = forms.CharField(
        label="Your name for the others",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )

    def rename(self, viewer: Viewer) -> None:
        name = self.cleaned_data["name"]
        if name and viewer.is_nameless:
            viewer.display_name = name
            viewer.save(update_fields=["display_name"])
