from django.urls import path

from recommendations.admin import operations

urlpatterns = [
    path("", operations.page, name="operations"),
    path("parts/<slug:name>/", operations.fragment, name="operations-part"),
    path("<slug:slug>/", operations.act, name="operations-act"),
    path("<slug:slug>/<slug:queue>/", operations.act, name="operations-act-queue"),
]
