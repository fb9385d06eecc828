"""Full pages. None of them waits for a model."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from recommendations.forms.controls import panel
from recommendations.middleware import viewer_of
from recommendations.models import TasteControls, Viewer
from recommendations.models.prediction import HOME
from recommendations.models.taste import Taste
from recommendations.pipeline.states import part
from recommendations.shelves import SHELVES, STORED, QueryShelf
from recommendations.views.cards import Films
from recommendations.views.home import fragments, presenters
from recommendations.views.home.browse_as import invitation
from recommendations.views.home.shelf_poll import shelf_poll
from recommendations.views.standings import standing_of


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    taste = viewer.taste() if viewer else Taste()
    standing = standing_of(request, viewer, taste, HOME)
    page = presenters.home(viewer, standing, taste, fragments.turns_of(request))
    context: dict[str, object] = {
        "shelves": page.shelves,
        "poll": page.poll,
        "refreshing": page.refreshing,
    }
    context |= panel(viewer) if taste.is_known else {"invitation": invitation()}
    return render(request, "recommendations/home.html", context)


@require_safe
@never_cache
def shelf(request: HttpRequest, slug: str) -> HttpResponse:
    """All the films of one shelf."""
    if slug not in SHELVES:
        raise Http404(f"There is no shelf called {slug}.")
    wanted, viewer = SHELVES[slug], viewer_of(request)
    if isinstance(wanted, QueryShelf):
        context: dict[str, object] = {
            "shelf": presenters.query_shelf(wanted, viewer, limit=STORED)
        }
    else:
        context = _model_shelf(request, viewer, slug)
    return render(request, "recommendations/shelf.html", context)


def _model_shelf(request: HttpRequest, viewer: Viewer | None, slug: str) -> dict[str, object]:
    taste = viewer.taste() if viewer else Taste()
    standing = standing_of(request, viewer, taste, HOME)
    if viewer is None or standing is None:
        raise Http404("This shelf needs ratings of yours.")
    found = part(standing, slug)
    controls = TasteControls.of(viewer)
    content = presenters.content_of(found, controls)
    items = presenters.items_of([content])
    taken = Films(viewer, items, controls).take(SHELVES[slug], items, STORED)
    shelf = presenters.model_shelf(SHELVES[slug], found, content, taken)
    return {"shelf": shelf, "poll": shelf_poll({slug: shelf.seen}, {slug: found})}


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    return render(request, "robots.txt", content_type="text/plain")


@require_safe
@cache_control(public=True, max_age=24 * 3600)
def favicon(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """For browsers that ask for it whatever the page says."""
    return redirect(static("recommendations/favicon.svg"))
