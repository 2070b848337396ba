# What the runner uses of psutil, the private part of Popen too.
import subprocess

class NoSuchProcess(Exception): ...

class Popen:
    _Popen__subproc: subprocess.Popen[bytes]

    def _init(self, pid: int, _ignore_nsp: bool = ...) -> None: ...
