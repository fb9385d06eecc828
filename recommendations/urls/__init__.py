"""The addresses of the site, by subject; fragments and actions stand with their pages."""

from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", include("recommendations.urls.home")),
    path("", include("recommendations.urls.films")),
    path("", include("recommendations.urls.browsing")),
    path("", include("recommendations.urls.lists")),
    path("", include("recommendations.urls.imports")),
    path("", include("recommendations.urls.start")),
    path("", include("recommendations.urls.taste")),
    path("", include("recommendations.urls.nights")),
    path("", include("recommendations.urls.controls")),
    path("account/", include("recommendations.urls.accounts")),
    path("sign-in/", RedirectView.as_view(pattern_name="account_login", query_string=True)),
    path("sign-out/", RedirectView.as_view(pattern_name="account_logout")),
]
