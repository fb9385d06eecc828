from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

# Staff signs in where all do, and as seldom in vain.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("admin/operations/", include("recommendations.urls.operations")),
    path("admin/", admin.site.urls),
    path("", include("recommendations.urls")),
]

handler400 = "recommendations.views.errors.bad_request"
handler403 = "recommendations.views.errors.forbidden"
handler404 = "recommendations.views.errors.not_found"
handler429 = "recommendations.views.errors.too_often"  # what allauth looks for
handler500 = "recommendations.views.errors.server_error"
