"""The first minute, and rating on."""

from django.urls import include, path

from recommendations.views.asking import picks_beside, rate_next, start

fragment_urls = [
    path("rate-next/undo/", rate_next.undo_fragment, name="fragment-undo-answer"),
    path("rate-next/<int:movie_id>/", rate_next.answer_fragment, name="fragment-answer"),
    path("picks/", picks_beside.picks, name="fragment-picks"),
]

urlpatterns = [
    path("start/", start.start, name="start"),
    path("start/groups/", start.choose_groups, name="choose-groups"),
    path("start/films/", rate_next.start_films, name="start-films"),
    path("rate-next/", rate_next.rate_next, name="rate-next"),
    path("rate-next/undo/", rate_next.undo, name="undo-answer"),
    path("rate-next/<int:movie_id>/", rate_next.answer, name="answer"),
    path("fragments/", include(fragment_urls)),
]
