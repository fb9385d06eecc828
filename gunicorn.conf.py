"""What gunicorn reads by itself when it is started in this folder."""

import os
from pathlib import Path
from typing import Any

from recsite.environment import logs

logconfig_dict = logs(os.environ.get("LOG_FORMAT", "text"), os.environ.get("LOG_LEVEL", "INFO"))

_metrics = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")


def on_starting(_server: Any) -> None:
    """Count requests from nought: the files of processes long gone would be counted for ever."""
    if _metrics:
        Path(_metrics).mkdir(parents=True, exist_ok=True)
        for file in Path(_metrics).glob("*.db"):
            file.unlink()
