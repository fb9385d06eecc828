from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.cache import never_cache

from recommendations.middleware import viewer_of
from recommendations.models.prediction import HOME
from recommendations.pipeline import requests, runs
from recommendations.views.home import pages
from recsite.urls import urlpatterns as the_sites

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

from recsite.urls import handler400, handler403, handler404, handler500


@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """The same page from the same run, which the visitor waits for."""
    viewer = viewer_of(request)
    if viewer and (asked := requests.ensure(viewer, HOME).in_flight):
        runs.run(asked.pk)
    return pages.home(request)


urlpatterns = [path("", home), *the_sites]
