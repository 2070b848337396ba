# The built-in half of the module signal; typeshed leaves it out.
from collections.abc import Callable

SIGHUP: int
SIGINT: int
SIGQUIT: int
SIGTERM: int

def signal(signalnum: int, handler: Callable[..., object], /) -> object: ...
