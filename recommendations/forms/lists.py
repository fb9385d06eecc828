"""Forms of the lists that viewers make."""

from typing import Any

from django import forms


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
