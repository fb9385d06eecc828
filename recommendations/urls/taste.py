from django.urls import include, path

from recommendations.views.taste import pages

fragment_urls = [
    path("taste/nearest/", pages.nearest, name="fragment-nearest"),
    path("taste/nearest/retry/", pages.retry_nearest, name="fragment-retry-nearest"),
]

urlpatterns = [
    path("taste/", pages.taste, name="taste"),
    path("taste/<int:year>/", pages.year, name="taste-year"),
    path("fragments/", include(fragment_urls)),
]
