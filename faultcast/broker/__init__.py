"""A small MQTT broker in memory, for trying Faultcast out and for its tests.

What `faultcast up` falls back on where no Mosquitto is installed. It speaks MQTT 5 and 3.1.1 at QoS 0 and 1, and keeps
one promise above all: a message that got its PUBACK reaches every session that asked for it. Where a queue is full the
publisher waits; nothing is thrown away behind its back. What it does not do: persist anything, QoS 2, TLS, bridges.
"""

from faultcast.broker.access import Grant
from faultcast.broker.limits import Limits
from faultcast.broker.server import Broker

__all__ = ["Broker", "Grant", "Limits"]
