"""A film: its page, its stars, and what else can be said of it."""

from django.urls import include, path

from recommendations.views.films import fragments, marks, menu, pages, rating

fragment_urls = [
    path("prediction/", fragments.film_prediction, name="fragment-film-prediction"),
    path("prediction/retry/", fragments.retry_film, name="fragment-retry-film"),
    path("rating/", rating.rate_fragment, name="fragment-rating"),
    path("actions/", marks.actions, name="fragment-actions"),
    path("menu/", menu.menu, name="fragment-menu"),
    path("menu/closed/", menu.menu_closed, name="fragment-menu-closed"),
    path("menu/mark/", menu.menu_mark, name="fragment-menu-mark"),
    path("menu/rating/", menu.menu_rating, name="fragment-menu-rating"),
    path("menu/undo/", menu.menu_undo, name="fragment-menu-undo"),
]

urlpatterns = [
    path("films/<int:movie_id>/", pages.film, name="film"),
    path("films/<int:movie_id>/rate/", rating.rate, name="rate"),
    path("films/<int:movie_id>/mark/", marks.mark, name="mark"),
    path("posters/<int:movie_id>-<slug:version>.svg", pages.poster, name="poster"),
    path("fragments/films/<int:movie_id>/", include(fragment_urls)),
]
