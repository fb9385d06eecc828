"""Of allauth only what is turned on here, under its own names; and what is one's own."""

from allauth.account import views as allauth_views
from django.urls import path, re_path
from django.views.decorators.cache import never_cache

from recommendations.views.account import pages, signing_in

urlpatterns = [
    path("", pages.page, name="account"),
    path("email/", pages.change_email, name="account-email"),
    path("export.json", pages.export_json, name="account-export-json"),
    path("export.zip", pages.export_zip, name="account-export-zip"),
    path("delete/", pages.delete, name="account-delete"),
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
