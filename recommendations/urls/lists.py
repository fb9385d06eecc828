from django.urls import include, path

from recommendations.views.account import feeds
from recommendations.views.lists import films, marked, own, rated, tonight

fragment_urls = [
    path("lists/ratings/<int:movie_id>/", rated.rerate_fragment, name="fragment-rerate"),
    path(
        "lists/ratings/<int:movie_id>/restore/",
        rated.restore_fragment,
        name="fragment-restore-rating",
    ),
    path(
        "lists/<slug:kind>/<int:movie_id>/remove/", marked.unmark_fragment, name="fragment-unmark"
    ),
    path(
        "lists/<slug:kind>/<int:movie_id>/put/",
        marked.mark_again_fragment,
        name="fragment-mark-again",
    ),
    path(
        "lists/<int:list_id>/films/<int:movie_id>/remove/",
        films.remove_fragment,
        name="fragment-remove-from-list",
    ),
    path(
        "lists/<int:list_id>/films/<int:movie_id>/put/",
        films.put_back_fragment,
        name="fragment-put-back",
    ),
    path("films/<int:movie_id>/lists/", films.choose_fragment, name="fragment-choose-list"),
]

urlpatterns = [
    path("lists/", own.lists, name="lists"),
    path("lists/ratings/", rated.ratings, name="ratings"),
    path("lists/ratings/<int:movie_id>/", rated.rerate, name="rerate"),
    path("lists/ratings/<int:movie_id>/restore/", rated.restore, name="restore-rating"),
    path("lists/watchlist/", marked.marked, {"slug": "watchlist"}, name="watchlist"),
    path("lists/seen/", marked.marked, {"slug": "seen"}, name="seen"),
    path("lists/hidden/", marked.marked, {"slug": "hidden"}, name="hidden"),
    path("lists/<slug:kind>/<int:movie_id>/remove/", marked.unmark, name="unmark"),
    path("lists/<slug:kind>/<int:movie_id>/put/", marked.mark_again, name="mark-again"),
    path("lists/<int:list_id>/", own.own_list, name="list"),
    path("lists/<int:list_id>/edit/", own.edit_list, name="edit-list"),
    path("lists/<int:list_id>/delete/", own.delete_list, name="delete-list"),
    path("lists/<int:list_id>/share/", own.share_list, name="share-list"),
    path("lists/<int:list_id>/films/<int:movie_id>/add/", films.add, name="add-to-list"),
    path(
        "lists/<int:list_id>/films/<int:movie_id>/remove/",
        films.remove,
        name="remove-from-list",
    ),
    path("films/<int:movie_id>/lists/", films.choose, name="choose-list"),
    path("shared/<uuid:token>/", own.shared_list, name="shared-list"),
    path("feeds/", feeds.open_feed, name="open-feed"),
    path("feeds/<uuid:token>/", feeds.feed, name="feed"),
    path("tonight/", tonight.tonight, name="tonight"),
    path("tonight/<int:movie_id>/seen/", tonight.seen_tonight, name="seen-tonight"),
    path("fragments/", include(fragment_urls)),
]
