"""What recsite costs and how well it does; documentation quotes it.

Each module is a command, which says what it measures: python -m benchmarks.scoring --help
"""

# Before NumPy: it sets the number of threads, as it does for the site.
import recsite  # noqa: F401
