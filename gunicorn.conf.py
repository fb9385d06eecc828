"""What gunicorn reads by itself when it is started in this folder; `--bind` says where."""

import os
from pathlib import Path
from typing import Any

from recsite.environment import logs

logconfig_dict = logs(os.environ.get("LOG_FORMAT", "text"), os.environ.get("LOG_LEVEL", "INFO"))

# A page waits for the database, hardly ever for the processor: few processes, several threads.
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8

# No page takes a second. A process that hangs is replaced; one that is to end ends its pages.
timeout = 30
graceful_timeout = 20

# Longer than a proxy keeps a connection that it may use again.
keepalive = 75

# What leaks, ends; not in all processes at once.
max_requests = 10_000
max_requests_jitter = 1_000

# Heartbeats are files: on a slow disk they would stall.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108

# Nobody uses it, and it would need a folder that can be written.
control_socket_disable = True

_metrics = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")


def on_starting(_server: Any) -> None:
    """Count requests from nought: the files of processes long gone would be counted for ever."""
    if _metrics:
        Path(_metrics).mkdir(parents=True, exist_ok=True)
        for file in Path(_metrics).glob("*.db"):
            file.unlink()


def post_fork(_server: Any, worker: Any) -> None:
    """Threads of a web process share connections to the database, which no other process does."""
    os.environ.setdefault("DATABASE_POOL", str(worker.cfg.threads))
    os.environ.setdefault("PGAPPNAME", "recsite-web")
