from allauth.account import views as allauth_views
from django.urls import include, path, re_path
from django.views.decorators.cache import never_cache
from django.views.generic import RedirectView

from recommendations.views import account, actions, browse, fragments, pages, signing_in

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
]

# Of allauth only what is turned on here, under its own names.
account_urls = [
    path("", account.page, name="account"),
    path("email/", account.change_email, name="account-email"),
    path("export.json", account.export_json, name="account-export-json"),
    path("export.zip", account.export_zip, name="account-export-zip"),
    path("delete/", account.delete, name="account-delete"),
    path("login/", allauth_views.login, name="account_login"),
    path("signup/", allauth_views.signup, name="account_signup"),
    path("logout/", never_cache(allauth_views.logout), name="account_logout"),
    path("inactive/", never_cache(allauth_views.account_inactive), name="account_inactive"),
    path(
        "password/change/",
        never_cache(allauth_views.password_change),
        name="account_change_password",
    ),
    path("password/set/", never_cache(allauth_views.password_set), name="account_set_password"),
    path(
        "password/reset/",
        never_cache(signing_in.PasswordReset.as_view()),
        name="account_reset_password",
    ),
    path(
        "password/reset/done/",
        never_cache(signing_in.PasswordResetDone.as_view()),
        name="account_reset_password_done",
    ),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        never_cache(allauth_views.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        never_cache(allauth_views.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
]

browse_urls = [
    path("browse/", browse.browse, name="browse"),
    path("search/", browse.search, name="search"),
    path("fragments/browse/on/", browse.more_films, name="fragment-browse-on"),
    path("fragments/browse/back/", browse.films_before, name="fragment-browse-back"),
]

urlpatterns = [
    *browse_urls,
    path("", pages.home, name="home"),
    path("shelves/<slug:slug>/", pages.shelf, name="shelf"),
    path("films/<int:movie_id>/", pages.film, name="film"),
    path("films/<int:movie_id>/rate/", actions.rate, name="rate"),
    path("retry/", actions.retry, name="retry"),
    path("browse-as/stop/", actions.stop_browsing, name="stop-browsing"),
    path("browse-as/<int:viewer_id>/", actions.browse_as, name="browse-as"),
    path("posters/<int:movie_id>-<slug:version>.svg", pages.poster, name="poster"),
    path("account/", include(account_urls)),
    path("sign-in/", RedirectView.as_view(pattern_name="account_login", query_string=True)),
    path("sign-out/", RedirectView.as_view(pattern_name="account_logout")),
    path("fragments/", include(fragment_urls)),
    path("robots.txt", pages.robots, name="robots"),
    path("favicon.ico", pages.favicon, name="favicon"),
]
