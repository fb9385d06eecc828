"""The same site, but for the home page."""

from benchmarks.settings import *

ROOT_URLCONF = "benchmarks.in_request.urls"
