"""What the runner uses of circus is what docs/dependencies.md says, and circus still has it."""
import pathlib
import re

from . import circus_use
from .conftest import CIRCUS, RUNNER

PAGE = pathlib.Path(__file__).parents[2] / "docs/dependencies.md"
[SOURCE] = CIRCUS.parent.glob("lib/python3.*/site-packages/circus")


def names(text):
    return set(re.findall("`([^`]+)`", text))


def test_the_docs_name_all_that_the_runner_uses_of_circus():
    told = {}
    for line in PAGE.read_text().splitlines():
        found = re.fullmatch(r"\| `(Arbiter|Controller|Watcher|Process)` \|(.*)\|(.*)\|", line)
        if found:
            told[found[1]] = (names(found[2]), names(found[3]))
    used, imported = circus_use.use(RUNNER, SOURCE)
    assert told == used
    assert imported == {"Command", "MessageError", "logger", "synchronized"}


def test_a_release_of_circus_that_lacks_something_is_noticed(tmp_path):
    for path in SOURCE.glob("*.py"):
        (tmp_path / path.name).write_text(re.sub(r"\bset_numprocesses\b", "set_number", path.read_text()))
    used, _ = circus_use.use(RUNNER, SOURCE)
    without, _ = circus_use.use(RUNNER, tmp_path)
    assert used["Watcher"][0] - without["Watcher"][0] == {"set_numprocesses"}
