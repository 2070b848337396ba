"""Where NO_SKIP is set, as in CI, a test that is skipped has failed: npm test does the same (test/support/needs.ts)."""
import os

import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Turns a skip into a failure that names its reason."""
    report = (yield).get_result()
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("NO_SKIP"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: nothing may be skipped here. {report.longrepr[2]}"
