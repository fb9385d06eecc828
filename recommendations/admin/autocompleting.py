"""Choices in forms of the admin. Django's break on what is no id, or none of 64 bits."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteMixin, AutocompleteSelect
from django.contrib.admin.widgets import AutocompleteSelectMultiple as SelectMultiple
from django.core.exceptions import ValidationError
from django.db.models import BigAutoField, ForeignKey, ManyToManyField
from django.forms import ModelMultipleChoiceField
from django.http import HttpRequest


def is_id(value: object) -> bool:
    written = str(value)
    return written.isascii() and written.isdigit() and int(written) <= BigAutoField.MAX_BIGINT


class KnownIds(AutocompleteMixin):
    def optgroups(self, name: str, value: Iterable[Any], attrs: Any = None) -> Any:
        return super().optgroups(name, [each for each in value if is_id(each)], attrs)


class KnownOnly(ModelMultipleChoiceField):
    def clean(self, value: Any) -> Any:
        for pk in value or ():
            if not is_id(pk):
                message = self.error_messages["invalid_pk_value"]
                raise ValidationError(message, code="invalid_pk_value", params={"pk": pk})
        return super().clean(value)


class SelectOne(KnownIds, AutocompleteSelect):
    pass


class SelectSeveral(KnownIds, SelectMultiple):
    pass


class Autocompleting(admin.options.BaseModelAdmin):
    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name in self.autocomplete_fields:
            kwargs.setdefault("widget", SelectOne(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(
        self, db_field: "ManyToManyField[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        kwargs.setdefault("form_class", KnownOnly)
        if db_field.name in self.autocomplete_fields:
            kwargs.setdefault("widget", SelectSeveral(db_field, self.admin_site))
        return super().formfield_for_manytomany(db_field, request, **kwargs)
