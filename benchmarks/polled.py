"""Workers that look into the queue again and again, where ours are told."""

import time

from django_q.conf import Conf

from recommendations.operations.broker import Broker
from recommendations.operations.listening import Listener


class Poller(Listener):
    def wait(self) -> None:
        time.sleep(Conf.POLL)


class PollingBroker(Broker):
    @property
    def listener(self) -> Listener:
        return Poller(self.list_key)
