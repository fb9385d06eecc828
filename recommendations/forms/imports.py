"""Forms of what is brought along from elsewhere."""

from typing import TYPE_CHECKING, Any

from django import forms

from recommendations.importers.exports.reading import (
    LARGEST,
    MEGABYTE,
    Contents,
    ExportFile,
    Undecided,
    tables_in,
)
from recommendations.importers.report import ImportFailed
from recommendations.models import Movie, RatingsImport

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

LONGEST_FILE_NAME = RatingsImport._meta.get_field("file_name").max_length or 0


class ImportForm(forms.Form):
    """A file that somebody exported elsewhere; `export` is what was brought, if it is one."""

    file = forms.FileField(
        label="Your export",
        widget=forms.FileInput(attrs={"accept": ".zip,.csv,application/zip,text/csv"}),
        error_messages={"required": "Choose a file first.", "empty": "This file is empty."},
    )
    contents = forms.ChoiceField(
        label="What is in it?", choices=Contents.choices, initial=Contents.AUTO, required=False
    )

    def clean_file(self) -> "UploadedFile[bytes]":
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST:
            raise forms.ValidationError(
                f"This file is larger than {LARGEST // MEGABYTE} MB, which no export is."
            )
        return file

    def clean(self) -> dict[str, Any]:
        file = self.cleaned_data.get("file")
        if file is None or "contents" not in self.cleaned_data:
            return self.cleaned_data
        contents = Contents(self.cleaned_data["contents"] or Contents.AUTO)
        export = ExportFile(name_of(file), file.read(), contents)
        try:
            tables_in(export)
        except Undecided as undecided:
            self.add_error("contents", f"{undecided} Then choose the file again.")
        except ImportFailed as failure:
            self.add_error("file", str(failure))
        return self.cleaned_data | {"export": export}


def name_of(file: "UploadedFile[bytes]") -> str:
    """The end of its name, with what a terminal would obey left out."""
    name = "".join(letter for letter in file.name or "" if letter.isprintable())
    return name[-LONGEST_FILE_NAME:] or "export"


class ChoiceForm(forms.Form):
    """Which of the films that an entry could mean is meant; 0 is none of them."""

    movie = forms.TypedChoiceField(
        coerce=int,
        error_messages={
            "required": "Choose a film, or none of these.",
            "invalid_choice": "That film is not one of these.",
        },
    )

    def __init__(self, data: Any, candidates: list[Movie]) -> None:
        super().__init__(data)
        self.candidates = {film.pk: film for film in candidates}
        field = self.fields["movie"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(film, film) for film in (*self.candidates, 0)]

    @property
    def film(self) -> Movie | None:
        return self.candidates.get(self.cleaned_data["movie"])

    @property
    def error(self) -> str:
        return " ".join(map(str, self.errors["movie"]))
