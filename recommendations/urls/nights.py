from django.urls import path

from recommendations.views import night

urlpatterns = [
    path("nights/", night.nights, name="nights"),
    path("nights/<uuid:token>/", night.night, name="night"),
    path("nights/<uuid:token>/join/", night.join, name="night-join"),
    path("nights/<uuid:token>/leave/", night.leave, name="night-leave"),
    path("nights/<uuid:token>/remove/<int:viewer_id>/", night.remove, name="night-remove"),
    path("nights/<uuid:token>/end/", night.end, name="night-end"),
    path("nights/<uuid:token>/retry/", night.retry_night, name="night-retry"),
    path("fragments/nights/<uuid:token>/", night.picks, name="fragment-night"),
]
