from django.urls import include, path

from recommendations.views.home import controls

fragment_urls = [
    path("controls/", controls.controls_fragment, name="fragment-controls"),
    path("controls/reset/", controls.reset_fragment, name="fragment-reset-controls"),
    path("controls/picks/", controls.picks_fragment, name="fragment-controlled-picks"),
    path("home/shelves/", controls.shelves_fragment, name="fragment-home-shelves"),
]

urlpatterns = [
    path("controls/", controls.controls, name="controls"),
    path("controls/reset/", controls.reset, name="reset-controls"),
    path("fragments/", include(fragment_urls)),
]
