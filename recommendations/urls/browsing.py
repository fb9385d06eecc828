from django.urls import path

from recommendations.views import browse

urlpatterns = [
    path("browse/", browse.browse, name="browse"),
    path("search/", browse.search, name="search"),
    path("fragments/browse/on/", browse.more_films, name="fragment-browse-on"),
    path("fragments/browse/back/", browse.films_before, name="fragment-browse-back"),
]
