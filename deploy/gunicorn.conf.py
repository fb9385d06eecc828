"""How gunicorn serves the site; `--bind` and WEB_CONCURRENCY say where, and by how many."""

import os

# A page waits for the database, hardly ever for the processor: few processes, several threads.
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8

# No page takes a second. A worker that hangs is replaced; one that is told to end ends its pages.
timeout = 30
graceful_timeout = 20

# Longer than a proxy keeps a connection that it may use again.
keepalive = 75

# What leaks, ends; not in all workers at once.
max_requests = 10_000
max_requests_jitter = 1_000

# Heartbeats are files: on a slow disk they would stall.
worker_tmp_dir = "/dev/shm"  # noqa: S108

# Nobody uses it, and it would need a folder that can be written.
control_socket_disable = True
