"""What Django, Django-Q2 and allauth show here, mended."""

from typing import Any

from allauth.account.admin import EmailAddressAdmin
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django_q.admin import resubmit_task

# Kept to whoever may change what they change.
for action in (resubmit_task, EmailAddressAdmin.make_verified):
    action.allowed_permissions = ["change"]

_get_object = admin.ModelAdmin.get_object


def get_object(
    self: "admin.ModelAdmin[Any]", request: HttpRequest, object_id: str, from_field: Any = None
) -> Model | None:
    """Django takes an empty `_to_field` in a form for the name of a field, and fails."""
    return _get_object(self, request, object_id, from_field or None)


admin.ModelAdmin.get_object = get_object  # type: ignore[assignment]
