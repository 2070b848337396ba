# The parts of circus that the runner uses; circus brings no types. docs/dependencies.md has the list.
import logging

logger: logging.Logger
