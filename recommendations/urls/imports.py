from django.urls import include, path

from recommendations.views import imports

fragment_urls = [
    path("imports/<int:import_id>/", imports.report_fragment, name="fragment-import"),
    path("unmatched/<int:entry_id>/choose/", imports.choose_fragment, name="fragment-choose-film"),
    path(
        "unmatched/<int:entry_id>/forget/", imports.forget_fragment, name="fragment-forget-entry"
    ),
]

urlpatterns = [
    path("import/", imports.upload, name="import"),
    path("import/unmatched/", imports.unmatched, name="unmatched"),
    path("imports/<int:import_id>/", imports.report, name="import-report"),
    path("unmatched/<int:entry_id>/choose/", imports.choose, name="choose-film"),
    path("unmatched/<int:entry_id>/forget/", imports.forget, name="forget-entry"),
    path("fragments/", include(fragment_urls)),
]
