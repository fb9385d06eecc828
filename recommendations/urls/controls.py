from django.urls import path

from recommendations.views.home import controls

urlpatterns = [
    path("controls/", controls.controls, name="controls"),
    path("controls/reset/", controls.reset, name="reset-controls"),
    path("fragments/controls/", controls.controls_fragment, name="fragment-controls"),
    path("fragments/controls/reset/", controls.reset_fragment, name="fragment-reset-controls"),
    path("fragments/controls/picks/", controls.picks_fragment, name="fragment-controlled-picks"),
    path("fragments/home/shelves/", controls.shelves_fragment, name="fragment-home-shelves"),
]
