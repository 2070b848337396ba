# What the runner uses of cronsim, which is only in the images.
import datetime
from collections.abc import Iterator

class CronSimError(Exception): ...

class CronSim:
    hours: set[int]

    def __init__(self, expr: str, dt: datetime.datetime) -> None: ...
    def __iter__(self) -> Iterator[datetime.datetime]: ...
