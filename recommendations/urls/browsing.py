from django.urls import include, path

from recommendations.views import browse

fragment_urls = [
    path("browse/on/", browse.more_films, name="fragment-browse-on"),
    path("browse/back/", browse.films_before, name="fragment-browse-back"),
]

urlpatterns = [
    path("browse/", browse.browse, name="browse"),
    path("search/", browse.search, name="search"),
    path("fragments/", include(fragment_urls)),
]
