from django.urls import path

from recommendations.views.taste import pages

urlpatterns = [
    path("taste/", pages.taste, name="taste"),
    path("taste/<int:year>/", pages.year, name="taste-year"),
    path("fragments/taste/nearest/", pages.nearest, name="fragment-nearest"),
    path("fragments/taste/nearest/retry/", pages.retry_nearest, name="fragment-retry-nearest"),
]
