from collections.abc import Mapping
from typing import Any

class Process:
    wid: int
    started: float
    stopping: bool
    _worker: Any

    def __init__(
        self,
        name: str,
        wid: int,
        cmd: str,
        args: str | None = ...,
        working_dir: str | None = ...,
        *,
        uid: str | None = ...,
        gid: str | None = ...,
        env: Mapping[str, str] | None = ...,
        watcher: object = ...,
        spawn: bool = ...,
        pipe_stdout: bool = ...,
        pipe_stderr: bool = ...,
    ) -> None: ...
    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def children(self, recursive: bool = ...) -> list[int]: ...
