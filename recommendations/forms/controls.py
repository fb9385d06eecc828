"""The taste controls as a form."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.forms.models import ModelChoiceIterator

from recommendations.models import Genre, TasteControls, Viewer
from recommendations.models.controls import LEANINGS

FIRST, LAST = 1870, 2100
NOT_A_YEAR = f"Years go from {FIRST} to {LAST}."


def year_field(label: str) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=FIRST,
        max_value=LAST,
        error_messages=dict.fromkeys(["invalid", "min_value", "max_value"], NOT_A_YEAR),
    )


class AtOnce(ModelChoiceIterator):  # type: ignore[type-arg]  # when it runs
    """Choices in one statement: a server's cursor takes three, and genres are few."""

    def __iter__(self) -> Iterator[Any]:
        return map(self.choice, self.queryset.all())


class GenresField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # when it runs
    iterator = AtOnce

    def clean(self, value: Any) -> Any:
        try:
            return super().clean(value)
        except OverflowError:  # SQLite's word for a number beyond 64 bits
            raise forms.ValidationError("There is no such genre.", "invalid_choice") from None


class ControlsForm(forms.ModelForm):  # type: ignore[type-arg]  # nor can it be, when it runs
    leaning = forms.IntegerField(
        required=False,
        min_value=LEANINGS.start,
        max_value=LEANINGS.stop - 1,
        widget=forms.NumberInput(
            {"type": "range", "step": 1, "list": "leanings", "aria-describedby": "leanings-said"}
        ),
    )
    first_year = year_field("From")
    last_year = year_field("To")
    without = GenresField(
        Genre.objects.all(),
        label="Leave out",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "There is no genre of number %(value)s."},
    )

    class Meta:
        model = TasteControls
        fields = ["leaning", "first_year", "last_year", "without"]

    def __init__(self, data: Mapping[str, Any] | None = None, *, instance: TasteControls) -> None:
        super().__init__(data, instance=instance, auto_id="controls-%s", label_suffix="")

    def clean_leaning(self) -> int:
        return self.cleaned_data["leaning"] or 0

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        first, last = cleaned.get("first_year"), cleaned.get("last_year")
        if first and last and first > last:
            self.add_error("last_year", f"This is before {first}.")
        return cleaned


def panel(viewer: Viewer | None, form: ControlsForm | None = None) -> dict[str, object]:
    """What `_controls.html` is given: the controls as they are stored, and the form."""
    controls = TasteControls.of(viewer)
    return {"controls": controls, "controls_form": form or ControlsForm(instance=controls)}
