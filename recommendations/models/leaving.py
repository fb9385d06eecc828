"""Going for good: nothing that was somebody's stays."""

from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import transaction

from recommendations.models.taste import Viewer

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class LastSuperuser(Exception):
    """Nobody else could administer this site."""


@transaction.atomic
def delete_account(user: "User") -> None:
    """Delete the user, the viewer and all that hangs on them; the films are counted anew."""
    if user.is_superuser:
        refuse_last_superuser(user)
    viewer = Viewer.objects.filter(user=user).first()
    if viewer:
        viewer.delete()
    user.delete()


def refuse_last_superuser(user: "User") -> None:
    # Locked: of two who go at once, one must see that the other has gone.
    superusers = get_user_model().objects.filter(is_superuser=True, is_active=True)
    locked = superusers.select_for_update().order_by("pk").values_list("pk", flat=True)
    if set(locked) <= {user.pk}:
        raise LastSuperuser
