from django.urls import include, path

from recommendations.views.nights import pages

fragment_urls = [
    path("nights/<uuid:token>/", pages.picks, name="fragment-night"),
]

urlpatterns = [
    path("nights/", pages.nights, name="nights"),
    path("nights/<uuid:token>/", pages.night, name="night"),
    path("nights/<uuid:token>/join/", pages.join, name="night-join"),
    path("nights/<uuid:token>/leave/", pages.leave, name="night-leave"),
    path("nights/<uuid:token>/remove/<int:viewer_id>/", pages.remove, name="night-remove"),
    path("nights/<uuid:token>/end/", pages.end, name="night-end"),
    path("nights/<uuid:token>/retry/", pages.retry_night, name="night-retry"),
    path("fragments/", include(fragment_urls)),
]
