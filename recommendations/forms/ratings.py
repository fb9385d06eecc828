"""Forms of stars."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils import timezone

from recommendations.models.taste import HALVES

WRONG_STARS = "Stars go from 0.5 to 5.0 in halves."


#: Nobody rated a film on a web site before; a day that a time zone puts before the first year
#: cannot be stored.
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


def not_later_than_now(moment: datetime | None) -> datetime | None:
    return min(max(moment, EARLIEST), timezone.now()) if moment else None


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

    def clean_rated_at(self) -> datetime | None:
        return not_later_than_now(self.cleaned_data["rated_at"])
