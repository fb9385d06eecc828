"""The same site, whose answers say how many queries were made for them."""

from benchmarks.settings import *
from benchmarks.settings import MIDDLEWARE

MIDDLEWARE = ["benchmarks.counting.QueryCountMiddleware", *MIDDLEWARE]
