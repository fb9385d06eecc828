"""The home page and its shelves."""

from django.urls import include, path

from recommendations.views.home import browse_as, fragments, pages, refresh

fragment_urls = [
    path("shelves/", fragments.shelves, name="fragment-shelves"),
    path("shelves/<slug:slug>/", fragments.former_shelf, name="fragment-former-shelf"),
    path("shelves/<slug:slug>/retry/", refresh.retry_shelf, name="fragment-retry-shelf"),
    path(
        "shelves/<slug:slug>/refresh/",
        refresh.refresh_shelf_fragment,
        name="fragment-refresh-shelf",
    ),
    path("refreshing/", fragments.refreshing, name="fragment-refreshing"),
    path("new-picks/", refresh.new_picks, name="fragment-new-picks"),
]

urlpatterns = [
    path("", pages.home, name="home"),
    path("shelves/<slug:slug>/", pages.shelf, name="shelf"),
    path("shelves/<slug:slug>/refresh/", refresh.refresh_shelf, name="refresh-shelf"),
    path("retry/", refresh.retry, name="retry"),
    path("browse-as/stop/", browse_as.stop_browsing, name="stop-browsing"),
    path("browse-as/<int:viewer_id>/", browse_as.browse_as, name="browse-as"),
    path("fragments/", include(fragment_urls)),
    path("robots.txt", pages.robots, name="robots"),
    path("favicon.ico", pages.favicon, name="favicon"),
]
