"""What recsite costs, measured side by side with what would be used instead.

Each module is a command, which says what it measures: python -m benchmarks.scoring --help
"""
