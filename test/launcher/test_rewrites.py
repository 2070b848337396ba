"""What a `rewrite` makes of a path: the model reads the same cases."""
import json
import pathlib

import pytest
from fixtures import package, part  # noqa: F401

CASES = json.loads((pathlib.Path(__file__).parent.parent / "tables/rewrites.json").read_text())


@pytest.mark.parametrize("line", CASES["stay"])
def test_a_rewrite_stays_below_its_folder(package, line):  # noqa: F811
    assert part("rewrites").stays_below(line)


@pytest.mark.parametrize("line", CASES["climb"])
def test_a_rewrite_that_a_client_can_lead_out_of_its_folder_is_refused(package, line):  # noqa: F811
    assert not part("rewrites").stays_below(line)
