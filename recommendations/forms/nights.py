"""The form of joining a film night."""

from django import forms

from recommendations.models import Viewer


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
