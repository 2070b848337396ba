"""NO_SKIP, which CI sets: no test of the Python suites is left out without a word."""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

TESTS = """
import pytest

@pytest.mark.skipif(True, reason="needs a mark")
def test_marked():
    pass

def test_called():
    pytest.skip("needs a call")

@pytest.fixture
def place():
    pytest.skip("needs a place")

def test_of_a_fixture(place):
    pass

@pytest.mark.xfail
def test_expected():
    assert False

def test_passes():
    pass
"""


@pytest.mark.parametrize("value, code, counts", [("1", 1, "1 failed, 1 passed, 1 xfailed, 2 errors"), ("", 0, "1 passed, 3 skipped, 1 xfailed")])
def test_a_skip_is_a_failure_only_where_nothing_may_be_skipped(tmp_path, value, code, counts):
    (tmp_path / "test_sample.py").write_text(TESTS)
    shutil.copy(pathlib.Path(__file__).parent.parent / "conftest.py", tmp_path)
    env = {**os.environ, "NO_SKIP": value}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path]
    ran = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert ran.returncode == code and counts in ran.stdout, ran.stdout + ran.stderr
    for what in ("mark", "call", "place"):
        assert (f"nothing may be skipped here. Skipped: needs a {what}" in ran.stdout) is bool(value)
