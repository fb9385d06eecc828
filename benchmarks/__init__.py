"""What recsite costs and how well it does; documentation quotes it.

Each module is a command, which says what it measures: python -m benchmarks.scoring --help
"""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "recsite.settings")
django.setup()
