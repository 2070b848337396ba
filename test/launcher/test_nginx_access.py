"""What is refused of virtual hosts once every pillar is merged: the same cases as those of the answers (test/unit/nginx-access.test.ts)."""
import json
import os
import pathlib

import pytest
from volumes import generate, load, module, sample

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
CASES = json.loads((pathlib.Path(__file__).parent.parent / "fixtures/nginx-access.json").read_text())


@pytest.fixture(scope="session")
def problems(tmp_path_factory):
    """The sentences about some virtual hosts."""
    package = pathlib.Path(generate(tmp_path_factory.mktemp("access")))
    load(package)
    settings = module("nginx_settings")
    settings_of_all = sample(package)
    return lambda vhosts: list(settings.nginx_problems({**settings_of_all, "vhosts": vhosts}))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_access(problems, case):
    sentences = problems(case["vhosts"])
    if "path" not in case:
        assert sentences == []
    else:
        assert any("data.%s" % case["path"] in one and case["message"] in one for one in sentences), sentences
    assert all("\n" not in one for one in sentences)


def test_what_is_taken_away_is_no_matter(problems):
    gone = {"auth_basic": None, "auth_basic_users": None, "allow": None, "deny": None, "error_page": None, "raw": None}
    assert problems({"x.org": {**gone, "raw_http": None, "locations": {"/": {**gone, "return": "200"}, "/a": None}}, "y.org": None}) == []
