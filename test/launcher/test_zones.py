"""Which values of TZ the image takes."""

import pytest
from volumes import generate, load, module


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    load(generate(tmp_path_factory.mktemp("zones")))
    return module("environment")


ZONES = {
    "EST5EDT,M3.2.0,M11.1.0": True,
    "CET-1CEST,M3.5.0,M10.5.0/3": True,
    ":<+1030>-10:30<+11>-11,M10.1.0/2,M4.1.0": True,
    "IST-1GMT0,M10.5.0,M3.5.0/1": True,
    "<+00>0<+02>-2,M3.5.0/1,M10.5.0/3": True,
    "AAA-14": True,
    "": True,
    # A day is not long enough for these.
    "AAA24BBB,M3.2.0,M11.1.0": False,
    "AAA15": False,
    # The two times of a year are hours apart.
    "XXX-14YYY10,J60,J300": False,
    "EST5EDT,M3.2.0": False,
    "AAA5\n": False,
    "../../etc/passwd": False,
}


@pytest.mark.parametrize("zone, known", ZONES.items(), ids=map(repr, ZONES))
def test_zones_that_are_spelled_out(environment, zone, known):
    assert environment.knows_zone(zone) is known
