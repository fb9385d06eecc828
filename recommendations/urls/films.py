"""The main path: shelves, films, ratings."""

from django.urls import include, path

from recommendations.views.films import actions, marks
from recommendations.views.home import fragments, pages, refresh

fragment_urls = [
    path("shelves/<slug:slug>/", fragments.shelf, name="fragment-shelf"),
    path("shelves/<slug:slug>/retry/", actions.retry_shelf, name="fragment-retry-shelf"),
    path("refreshing/", fragments.refreshing, name="fragment-refreshing"),
    path(
        "films/<int:movie_id>/prediction/",
        fragments.film_prediction,
        name="fragment-film-prediction",
    ),
    path("films/<int:movie_id>/prediction/retry/", actions.retry_film, name="fragment-retry-film"),
    path("films/<int:movie_id>/rating/", actions.rate_fragment, name="fragment-rating"),
    # Marks, and the menu over a poster
    path("films/<int:movie_id>/actions/", marks.actions, name="fragment-actions"),
    path("films/<int:movie_id>/menu/", marks.menu, name="fragment-menu"),
    path("films/<int:movie_id>/menu/closed/", marks.menu_closed, name="fragment-menu-closed"),
    path("films/<int:movie_id>/menu/mark/", marks.menu_mark, name="fragment-menu-mark"),
    path("films/<int:movie_id>/menu/rating/", marks.menu_rating, name="fragment-menu-rating"),
    path("films/<int:movie_id>/menu/undo/", marks.menu_undo, name="fragment-menu-undo"),
    # Refreshing by hand
    path(
        "shelves/<slug:slug>/refresh/",
        refresh.refresh_shelf_fragment,
        name="fragment-refresh-shelf",
    ),
    path("new-picks/", refresh.new_picks, name="fragment-new-picks"),
]

urlpatterns = [
    path("", pages.home, name="home"),
    path("shelves/<slug:slug>/", pages.shelf, name="shelf"),
    path("films/<int:movie_id>/", pages.film, name="film"),
    path("films/<int:movie_id>/rate/", actions.rate, name="rate"),
    path("films/<int:movie_id>/mark/", marks.mark, name="mark"),
    path("shelves/<slug:slug>/refresh/", refresh.refresh_shelf, name="refresh-shelf"),
    path("retry/", actions.retry, name="retry"),
    path("browse-as/stop/", actions.stop_browsing, name="stop-browsing"),
    path("browse-as/<int:viewer_id>/", actions.browse_as, name="browse-as"),
    path("posters/<int:movie_id>-<slug:version>.svg", pages.poster, name="poster"),
    path("fragments/", include(fragment_urls)),
    path("robots.txt", pages.robots, name="robots"),
    path("favicon.ico", pages.favicon, name="favicon"),
]
