from typing import Any

class Command:
    name: str

    def execute(self, arbiter: Any, props: dict[str, Any]) -> Any: ...
