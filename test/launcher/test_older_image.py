"""An image of 0.2 on a volume that this version filled, and the other way round."""
import importlib
import importlib.util
import pathlib
import sys
import tarfile

import pytest
from fixtures import NEEDS_ROOT, package, world  # noqa: F401
from volumes import ROOT

pytestmark = NEEDS_ROOT
RELEASE = ROOT / "test/fixtures/generator-makina-image-0.2.0.tgz"
LAUNCHER = "package/templates/project/project/.salt/launcher/"


@pytest.fixture(scope="module")
def older(tmp_path_factory):
    """The module `seeds` of the launcher of 0.2."""
    folder = tmp_path_factory.mktemp("older")
    with tarfile.open(RELEASE) as release:
        for member in release.getmembers():
            if member.name.startswith(LAUNCHER):
                (folder / pathlib.Path(member.name).stem).write_bytes(release.extractfile(member).read())
    spec = importlib.util.spec_from_file_location("older", folder / "__init__.py", submodule_search_locations=[str(folder)])
    sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    return importlib.import_module("older.seeds")


@pytest.mark.parametrize("is_newer_first", [True, False])
def test_nothing_is_copied_twice_and_nothing_deleted_comes_back(world, older, is_newer_first):  # noqa: F811
    seeds = {"file": world.seed(), "site": world.seed("site", "data/site"), "media": world.seed("site", f"{world.media}/site")}

    def fill(is_newer):
        return world.fill(**seeds) if is_newer else older.fill_volumes(world.settings(seeds))

    assert sorted(fill(is_newer_first)) == sorted(seeds)
    (world.data / "data/welcome.txt").unlink()
    (world.data / "data/site/index.html").write_text("mine")
    before = world.tree(world.data)
    assert fill(not is_newer_first) == []
    assert fill(is_newer_first) == []
    after = world.tree(world.data)
    assert {path: entry for path, entry in after.items() if "lock" not in path} == {
        path: entry for path, entry in before.items() if "lock" not in path
    }
