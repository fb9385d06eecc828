"""A guest becomes an account, or joins one: what the guest did goes along.

A few statements, however many ratings there are; whoever calls is told what became of them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.template.defaultfilters import pluralize

from recommendations.models.catalogue import Movie
from recommendations.models.controls import TasteControls
from recommendations.models.lists import MovieList
from recommendations.models.marks import Mark
from recommendations.models.night import FilmNight
from recommendations.models.taste import Rating, Viewer

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LONGEST_NAME = MovieList._meta.get_field("name").max_length or 0


@dataclass
class Merged:
    """What became of the guest's ratings, and how much else came along."""

    became: bool = False
    joined: int = 0
    replaced: int = 0
    kept: int = 0
    marks: int = 0
    lists: int = 0

    @property
    def changed_taste(self) -> bool:
        return bool(self.joined or self.replaced or self.marks)

    def __str__(self) -> str:
        """Two sentences at most, of which nothing is said in vain."""
        told = [
            (self.joined, f"{of(self.joined, 'rating')} joined yours"),
            (self.replaced, f"{of(self.replaced, 'rating')} replaced older ones"),
            (self.kept, f"{of(self.kept, 'rating')} gave way to newer ones here"),
            (self.marks, f"{of(self.marks, 'mark')} came along"),
            (self.lists, f"{of(self.lists, 'list')} came along"),
        ]
        parts = ", ".join(words for number, words in told if number)
        sentences = ["What you did as a guest is in your account now."] if self.became else []
        return " ".join(sentences + ([f"From your visit as a guest: {parts}."] if parts else []))


def of(number: int, noun: str) -> str:
    return f"{number:,} {noun}{pluralize(number)}"


@transaction.atomic
def take_along(user: "User", guests: Collection[int]) -> tuple[Viewer, Merged]:
    """Give the account of `user` what these guests did; returns its viewer.

    Copies of an imported viewer's taste are nobody's own, and go.
    """
    wanted = Q(pk__in=guests, kind=Viewer.Kind.GUEST) | Q(user=user)
    locked = list(Viewer.objects.select_for_update().filter(wanted).order_by("pk"))
    account = next((viewer for viewer in locked if viewer.user_id == user.pk), None)
    merged = Merged()
    for guest in (viewer for viewer in locked if viewer.kind == Viewer.Kind.GUEST):
        if guest.is_copy:
            guest.delete()
        elif account is None:
            account = become_account(guest, user)
            merged.became = True
        else:
            merge(guest, account, merged)
    return account or Viewer.for_user(user), merged


def become_account(guest: Viewer, user: "User") -> Viewer:
    """The row stays, and all that hangs on it; its ratings count from now on."""
    guest.kind, guest.user, guest.display_name = Viewer.Kind.ACCOUNT, user, user.get_username()
    guest.save(update_fields=["kind", "user", "display_name"])
    lock_films(guest)
    count_in(guest.ratings.all(), 1)
    return guest


def merge(guest: Viewer, account: Viewer, merged: Merged) -> None:
    """Move to `account` what `guest` did, and delete the guest. Both are locked."""
    merge_ratings(guest, account, merged)
    merged.marks += merge_marks(guest, account)
    merged.lists += merge_lists(guest, account)
    merge_the_rest(guest, account)
    feed = account.feed_token or guest.feed_token
    guest.delete()
    Viewer.objects.filter(pk=account.pk).update(feed_token=feed)
    if merged.changed_taste:
        account.taste_changed()


def merge_ratings(guest: Viewer, account: Viewer, merged: Merged) -> None:
    """Of two ratings of a film the newer stays; of two that agree the account's."""
    here = account.ratings.filter(movie=OuterRef("movie"))
    other_stars = ~Q(stars=OuterRef("stars"))
    newer = guest.ratings.filter(
        other_stars, movie=OuterRef("movie"), rated_at__gt=OuterRef("rated_at")
    )
    outdated = account.ratings.filter(Exists(newer))
    coming = guest.ratings.filter(~Exists(here))
    stays = here.filter(other_stars, rated_at__gte=OuterRef("rated_at"))
    merged.kept += guest.ratings.filter(Exists(stays)).count()
    if account.contributes:
        lock_films(guest)
        count_in(outdated, -1)
    replaced, _ = outdated.delete()
    if account.contributes:
        count_in(coming, 1)
    merged.joined += coming.update(viewer=account) - replaced
    merged.replaced += replaced


def lock_films(viewer: Viewer) -> None:
    """Lock what the viewer rated in one order, so that of two neither waits for ever."""
    films = Movie.objects.filter(pk__in=viewer.ratings.values("movie")).order_by("pk")
    list(films.select_for_update(no_key=True).values_list("pk"))


def count_in(ratings: QuerySet[Rating], sign: int) -> None:
    """Add these ratings to the counts of their films, or with -1 take them out."""
    stars = Subquery(ratings.filter(movie=OuterRef("pk")).values("stars"))
    Movie.objects.filter(pk__in=ratings.values("movie")).update(
        rating_count=F("rating_count") + sign, stars_sum=F("stars_sum") + sign * stars
    )


def merge_marks(guest: Viewer, account: Viewer) -> int:
    here = account.marks.filter(movie=OuterRef("movie"), kind=OuterRef("kind"))
    moved = guest.marks.filter(~Exists(here)).update(viewer=account)
    seen_since = account.marks.filter(
        kind=Mark.Kind.SEEN, movie=OuterRef("movie"), marked_at__gte=OuterRef("marked_at")
    )
    account.marks.filter(Exists(seen_since), kind=Mark.Kind.WATCHLIST).delete()
    return moved


def merge_lists(guest: Viewer, account: Viewer) -> int:
    """A name that is taken gets a number: a shared list must not come to show a private one."""
    here = set(account.lists.values_list("name", flat=True))
    taken = here | set(guest.lists.values_list("name", flat=True))
    for clashing in guest.lists.filter(name__in=here):
        clashing.name = free_name(clashing.name, taken)
        clashing.save(update_fields=["name"])
        taken.add(clashing.name)
    return guest.lists.update(viewer=account)


def free_name(name: str, taken: set[str]) -> str:
    numbers = (f" ({number})" for number in count(2))
    names = (f"{name[: LONGEST_NAME - len(number)]}{number}" for number in numbers)
    return next(name for name in names if name not in taken)


def merge_the_rest(guest: Viewer, account: Viewer) -> None:
    here = account.unmatched.filter(kind=OuterRef("kind"), identity=OuterRef("identity"))
    guest.unmatched.filter(~Exists(here)).update(viewer=account)
    guest.imports.update(viewer=account)
    guest.nights_hosted.update(host=account)
    seats = FilmNight.viewers.through.objects
    taken = seats.filter(viewer=account).values("filmnight")
    seats.filter(viewer=guest).exclude(filmnight__in=taken).update(viewer=account)
    if not TasteControls.objects.filter(viewer=account).exists():
        TasteControls.objects.filter(viewer=guest).update(viewer=account)
