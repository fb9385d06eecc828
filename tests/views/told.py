"""What forms say when all is well."""

from typing import Any

#: What actions are told when all is well; a page's and its twin's are told the same.
TOLD: dict[str, dict[str, Any]] = {
    name: fields
    for names, fields in {
        "rate fragment-rating": {"stars": "4.0"},
        "rerate fragment-rerate": {"stars": "4.0", "next": "/lists/"},
        "restore-rating fragment-restore-rating": {
            "stars": "4.0",
            "rated_at": "2020-01-01",
            "next": "/lists/",
        },
        "mark fragment-actions": {"put": "seen", "next": "/"},
        "fragment-menu-mark": {"put": "seen", "place": "popular"},
        "fragment-menu-rating": {"stars": "4.0", "place": "popular"},
        "fragment-menu-undo": {"stars": "4.0", "kinds": "watchlist", "place": "popular"},
        "unmark fragment-unmark mark-again fragment-mark-again": {"next": "/lists/"},
        "answer fragment-answer": {"stars": "4.0", "answer": "", "place": "2"},
        "undo-answer fragment-undo-answer": {"place": "2"},
        "choose-groups": {"group": "0"},
        "controls fragment-controls": {
            "leaning": "1",
            "first_year": "1950",
            "last_year": "",
            "without": "",
            "next": "/",
        },
        "reset-controls fragment-reset-controls": {"next": "/"},
        "lists edit-list": {"name": "Westerns", "description": "dusty"},
        "share-list": {"share": "1"},
        "choose-list fragment-choose-list": {"list": "", "name": "Westerns"},
        "add-to-list remove-from-list": {"next": "/lists/"},
        "fragment-put-back fragment-remove-from-list": {"next": "/lists/"},
        "open-feed": {"renew": "1", "next": "/lists/"},
        "seen-tonight": {"next": "/tonight/"},
        "import": {"file": "", "contents": "auto"},
        "choose-film fragment-choose-film": {"movie": "101"},
        "nights night-join": {"name": "Al"},
        "retry": {"key": "home"},
        "refresh-shelf": {"whole": "1"},
        "account-email": {"email": "a@example.org", "password": "a long secret"},
        "account-delete": {"password": "a long secret"},
        "account_logout": {"next": "/"},
        "account_set_password": {"password1": "a long secret", "password2": "a long secret"},
        "account_change_password": {
            "oldpassword": "a long secret",
            "password1": "another long secret",
            "password2": "another long secret",
        },
        # Told nothing but whom they were drawn for
        "delete-list forget-entry fragment-forget-entry browse-as stop-browsing": {},
        "night-leave night-remove night-end night-retry": {},
        "fragment-refresh-shelf fragment-retry-shelf": {},
        "fragment-retry-film fragment-retry-nearest": {},
    }.items()
    for name in names.split()
}

#: The same of who is not signed in.
TOLD_BY_STRANGERS: dict[str, dict[str, Any]] = {
    "account_login": {"login": "alice", "password": "a long secret", "next": "/", "remember": "1"},
    "account_signup": {
        "username": "carol",
        "email": "carol@example.org",
        "password1": "a long secret",
        "password2": "a long secret",
        "next": "/",
    },
    "account_reset_password": {"email": "alice@example.org"},
    "account_reset_password_from_key": {
        "password1": "another long secret",
        "password2": "another long secret",
    },
}
