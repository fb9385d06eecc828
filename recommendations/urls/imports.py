from django.urls import include, path

from recommendations.views.imports import pages

fragment_urls = [
    path("imports/<int:import_id>/", pages.report_fragment, name="fragment-import"),
    path("unmatched/<int:entry_id>/choose/", pages.choose_fragment, name="fragment-choose-film"),
    path("unmatched/<int:entry_id>/forget/", pages.forget_fragment, name="fragment-forget-entry"),
]

urlpatterns = [
    path("import/", pages.upload, name="import"),
    path("import/unmatched/", pages.unmatched, name="unmatched"),
    path("imports/<int:import_id>/", pages.report, name="import-report"),
    path("unmatched/<int:entry_id>/choose/", pages.choose, name="choose-film"),
    path("unmatched/<int:entry_id>/forget/", pages.forget, name="forget-entry"),
    path("fragments/", include(fragment_urls)),
]
