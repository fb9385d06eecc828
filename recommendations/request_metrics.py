"""How many requests were answered and how fast, counted by all web processes together.

prometheus_client adds up what each process writes into the folder PROMETHEUS_MULTIPROC_DIR;
without it each process would know of its own requests alone.
"""

from prometheus_client import Histogram

SECONDS = Histogram(
    "recsite_http_request_seconds",
    "Time until a request was answered",
    ["method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def observe(method: str, status: int, seconds: float) -> None:
    known = method if method in METHODS else "other"
    SECONDS.labels(known, str(status)).observe(seconds)
