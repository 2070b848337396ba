# What the metrics use of prometheus_client, which is only in the images.
from collections.abc import Iterator
from typing import Protocol

from .core import Metric

CONTENT_TYPE_PLAIN_0_0_4: str

class Collector(Protocol):
    def collect(self) -> Iterator[Metric]: ...

def generate_latest(registry: Collector) -> bytes: ...
