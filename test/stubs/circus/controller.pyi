from typing import Any

from tornado.ioloop import IOLoop
from zmq import Context, Socket

from circus.arbiter import Arbiter

class Controller:
    ctrl_socket: Socket[Any]
    sys_hdl: Any

    def __init__(
        self,
        endpoint: str,
        multicast_endpoint: str | None,
        context: Context[Any],
        loop: IOLoop,
        arbiter: Arbiter,
        check_delay: float = ...,
    ) -> None: ...
    def _init_syshandler(self) -> None: ...
    def start(self) -> None: ...
