from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from recommendations.admin.autocompleting import Autocompleting
from recommendations.models import Viewer

admin.site.unregister([User, Group])


@admin.register(User)
class AccountAdmin(Autocompleting, UserAdmin):
    """Deletes the viewer first, who takes the ratings out of the films' means."""

    @transaction.atomic
    def delete_model(self, request: HttpRequest, obj: User) -> None:
        self.delete_queryset(request, User.objects.filter(pk=obj.pk))

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for viewer in Viewer.objects.filter(user__in=queryset).order_by("pk"):
            viewer.delete()
        super().delete_queryset(request, queryset)


@admin.register(Group)
class GroupsAdmin(Autocompleting, GroupAdmin):  # type: ignore[misc] # whose stubs differ
    pass
