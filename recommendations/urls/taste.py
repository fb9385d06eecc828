from django.urls import path

from recommendations.views import taste

urlpatterns = [
    path("taste/", taste.taste, name="taste"),
    path("taste/<int:year>/", taste.year, name="taste-year"),
    path("fragments/taste/nearest/", taste.nearest, name="fragment-nearest"),
    path("fragments/taste/nearest/retry/", taste.retry_nearest, name="fragment-retry-nearest"),
]
