from django.contrib import admin

from recommendations.admin import (
    borrowed,
    catalogue,
    lists,
    night,
    prediction,
    ratings_import,
    taste,
    trained_model,
    users,
    worker,
)

__all__ = [
    "borrowed",
    "catalogue",
    "lists",
    "night",
    "prediction",
    "ratings_import",
    "taste",
    "trained_model",
    "users",
    "worker",
]

admin.site.site_header = "recsite"
admin.site.site_title = "recsite"
admin.site.index_title = "Behind the shelves"
