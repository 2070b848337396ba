"""Which variables of nginx's the settings may name: the same cases as those of the answers (test/unit/nginx-variables.test.ts)."""
import json
import os
import pathlib

import pytest
from volumes import generate, load, module, sample

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
CASES = json.loads((pathlib.Path(__file__).parent.parent / "tables/nginx-variables.json").read_text())


@pytest.fixture(scope="session")
def problems(tmp_path_factory):
    """The sentences about some settings: those of the schema, or of nginx."""
    package = pathlib.Path(generate(tmp_path_factory.mktemp("variables")))
    load(package)
    schema, settings = module("schema"), module("nginx_settings")
    settings_of_all = sample(package)

    def problems(data):
        data = {**settings_of_all, "vhosts": {}, **data}
        return list(schema.violations(schema.data_schema(), {key: data[key] for key in ("vhosts", "maps", "geos")}, "data")) or list(settings.nginx_problems(data))

    return problems


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_variables(problems, case):
    sentences = problems(case["answers"])
    if "path" not in case:
        assert sentences == []
    else:
        assert any(one.startswith("data." + case["path"]) and case["message"] in one for one in sentences), sentences


def test_a_line_of_a_table_can_be_taken_away(problems):
    maps = {"a": {"string": "$uri", "values": {"x": None, "~(": None}}, "b": None}
    assert problems({"maps": maps, "geos": {"c": {"values": {"10.0.0.0/8": None}}, "d": None}}) == []
    assert any("$b" in one for one in problems({"maps": maps, "vhosts": {"x.org": {"locations": {"/": {"return": "200 $b"}}}}}))
