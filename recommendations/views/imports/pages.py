"""Ratings from elsewhere: the upload, the report of an import, and choosing films by hand."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from recommendations.forms.imports import ChoiceForm, ImportForm
from recommendations.importers.exports import choosing
from recommendations.importers.exports.reading import LARGEST, MEGABYTE, MOST_ROWS
from recommendations.middleware import viewer_made_for, viewer_of
from recommendations.models import Movie, RatingsImport, UnmatchedEntry, Viewer
from recommendations.models.prediction import HOME
from recommendations.pipeline import imports, requests
from recommendations.views.imports import presenters
from recommendations.views.polling import asking_since, for_viewer, unchanged
from recommendations.views.posting import by_whom_it_was_drawn_for, sent_from

#: Earlier imports that the upload page lists.
EARLIER = 20

IN_FLIGHT = "An import of yours is at work already: wait until it has ended."


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@by_whom_it_was_drawn_for
def upload(request: HttpRequest) -> HttpResponse:
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if form.is_bound and form.is_valid():
        row = ask(request, form)
        if row:
            return redirect("import-report", row.pk)
        form.add_error("file", IN_FLIGHT)
    viewer = viewer_of(request)
    context = {
        "form": form,
        "megabytes": LARGEST // MEGABYTE,
        "rows": MOST_ROWS,
        "imports": viewer.imports.defer("content")[:EARLIER] if viewer else [],
        "unmatched": viewer.unmatched.waiting().count() if viewer else 0,
    }
    return render(request, "recommendations/import.html", context)


@transaction.atomic
def ask(request: HttpRequest, form: ImportForm) -> RatingsImport | None:
    return imports.ask(viewer_made_for(request), form.cleaned_data["export"])


@never_cache
@require_safe
def report(request: HttpRequest, import_id: int) -> HttpResponse:
    row = healed(request, import_of(viewer_of(request), import_id))
    context = {"import": presenters.import_view(row)}
    return render(request, "recommendations/import_report.html", context)


@require_safe
@for_viewer
def report_fragment(request: HttpRequest, viewer: Viewer, import_id: int) -> HttpResponse:
    row = healed(request, import_of(viewer, import_id))
    view = presenters.import_view(row, asking_since(request))
    if unchanged(request, view.poll):
        return HttpResponse(status=204)
    context: dict[str, object] = {"import": view}
    if not row.is_in_flight:
        context["announcement"] = "The import has ended."
    return render(request, "recommendations/_import_report.html", context)


def import_of(viewer: Viewer | None, import_id: int) -> RatingsImport:
    own = RatingsImport.objects.filter(viewer=viewer).defer("content")
    return get_object_or_404(own, pk=import_id)


def healed(request: HttpRequest, row: RatingsImport) -> RatingsImport:
    """The row, after mending what whoever looks at it has found broken."""
    same = RatingsImport.objects.filter(pk=row.pk).defer("content")
    if request.method == "HEAD" or not row.is_in_flight or not imports.reap(same):
        return row
    return same.get()


@never_cache
@require_safe
def unmatched(request: HttpRequest) -> HttpResponse:
    """All of a viewer's entries without a film, from whichever import."""
    own = UnmatchedEntry.objects.filter(viewer=viewer_of(request))
    context = {"page": presenters.page_of(own, request.GET.get("page"))}
    return render(request, "recommendations/unmatched.html", context)


def entry_of(viewer: Viewer | None, entry_id: int) -> UnmatchedEntry:
    own = UnmatchedEntry.objects.waiting().filter(viewer=viewer).select_related("viewer")
    return get_object_or_404(own, pk=entry_id)


@transaction.atomic
def settle(entry: UnmatchedEntry, movie: Movie | None) -> str:
    """Store what the entry says for `movie`, or that it is none of those offered; say so."""
    if movie is None:
        choosing.reject(entry)
        return f"{entry} is none of these films; it is kept until the right one is here."
    stored = choosing.choose(entry, movie)
    if entry.viewer.ratings.exists():
        requests.ensure(entry.viewer, HOME)
    done = told(entry) if stored else "left as you have it here"
    return f"{entry} is {movie}: {done}."


def told(entry: UnmatchedEntry) -> str:
    match entry.kind:
        case UnmatchedEntry.Kind.RATING:
            return f"rated ★ {entry.stars:g}"
        case UnmatchedEntry.Kind.SEEN:
            return "marked as seen"
    return "put on your watchlist"


@require_POST
def choose(request: HttpRequest, entry_id: int) -> HttpResponse:
    entry = entry_of(viewer_of(request), entry_id)
    (open_entry,) = presenters.opened([entry])
    form = ChoiceForm(request.POST, open_entry.films)
    if form.is_valid():
        messages.success(request, settle(entry, form.film))
    else:
        messages.error(request, f"{entry}: {form.error}")
    return redirect(sent_from(request, reverse("unmatched")))


@require_POST
@for_viewer
def choose_fragment(request: HttpRequest, viewer: Viewer, entry_id: int) -> HttpResponse:
    entry = entry_of(viewer, entry_id)
    (open_entry,) = presenters.opened([entry])
    form = ChoiceForm(request.POST, open_entry.films)
    if form.is_valid():
        return settled(request, entry, settle(entry, form.film))
    context = {"open": open_entry, "error": form.error}
    return render(request, "recommendations/_ambiguous.html", context)


@require_POST
def forget(request: HttpRequest, entry_id: int) -> HttpResponse:
    entry = entry_of(viewer_of(request), entry_id)
    choosing.forget(entry)
    messages.success(request, f"{entry} is forgotten.")
    return redirect(sent_from(request, reverse("unmatched")))


@require_POST
@for_viewer
def forget_fragment(request: HttpRequest, viewer: Viewer, entry_id: int) -> HttpResponse:
    entry = entry_of(viewer, entry_id)
    choosing.forget(entry)
    return settled(request, entry, f"{entry} is forgotten.")


def settled(request: HttpRequest, entry: UnmatchedEntry, done: str) -> HttpResponse:
    return render(request, "recommendations/_settled.html", {"entry": entry, "done": done})
