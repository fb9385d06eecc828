"""The same site, whose workers poll every `QUEUE_POLL` seconds."""

from benchmarks.settings import *
from benchmarks.settings import Q_CLUSTER

Q_CLUSTER = Q_CLUSTER | {"broker_class": "benchmarks.polled.PollingBroker"}
