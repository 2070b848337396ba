"""Disks that are mounted inside a volume: filled once each, given to the user, and left alone once they hold something."""
import json
import os
import random
import signal
import subprocess
import time

import pytest
from fixtures import NEEDS_ROOT, package, world
from volumes import GID, UID, module

pytestmark = NEEDS_ROOT


def disk(world, path, *options):
    """An empty disk of root's, as Docker mounts it: the folders on the way are root's too."""
    path.mkdir(parents=True, exist_ok=True)
    world.mount("-t", "tmpfs", "-o", ",".join(["mode=755", *options]), "tmpfs", path)
    return path


@pytest.mark.parametrize("has_lost_and_found", [False, True])
@pytest.mark.parametrize("place", ["data/uploads", "data/deep/er/uploads", "{media}/uploads"])
def test_an_empty_disk_at_a_target_is_filled_once_and_is_the_users(world, place, has_lost_and_found):
    target = place.format(media=world.media)
    uploads = disk(world, world.data / target)
    if has_lost_and_found:
        (uploads / "lost+found").mkdir(mode=0o700)
    seed = world.seed("site", target)
    assert world.fill(a=seed) == ["a"]
    assert (uploads / "deep/er/page.html").read_text() == "page"
    found = world.tree(uploads)
    assert found["index.html"][:3] == ("-rw-r-----", UID, GID) and found["deep"][:3] == ("drwxr-x---", UID, GID)
    assert (uploads.stat().st_uid, uploads.stat().st_mode & 0o777) == (UID, 0o750)
    assert world.record(uploads) == ["."] and world.leftovers() == []
    # What is deleted stays deleted; another new disk is filled.
    subprocess.run(["sh", "-c", 'rm -r "$1/deep" "$1"/index.html', "sh", uploads], check=True)
    assert world.fill(a=seed) == [] and not (uploads / "index.html").exists()
    subprocess.run(["umount", uploads], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", uploads], check=True)
    assert world.fill(a=seed) == ["a"]


def test_a_disk_that_an_older_image_took_for_filled_is_filled(world):
    world.fill()
    (world.data / ".prepopulated").write_text("data/uploads\n")
    disk(world, world.data / "data/uploads")
    assert world.fill(a=world.seed("site", "data/uploads")) == ["a"]


def test_a_disk_with_something_on_it_stays_as_it_is(world):
    uploads = disk(world, world.data / "data/uploads")
    (uploads / "mine").write_text("mine")
    before = world.tree(uploads)
    assert world.fill(a=world.seed("site", "data/uploads")) == []
    assert world.tree(uploads) == before and os.listdir(uploads) == ["mine"] and uploads.stat().st_uid == 0


@pytest.mark.parametrize("changes", [{"owner": "nobody", "group": "nogroup"}, {"source": None}])
def test_seeds_of_others_and_without_a_source(world, changes):
    uploads = disk(world, world.data / "data/uploads")
    seed = {**world.seed("site", "data/uploads"), **changes}
    assert world.fill(a=seed) == ["a"] and world.fill(a=seed) == []
    assert (uploads / "index.html").exists() == (seed["source"] is not None)
    assert uploads.stat().st_uid == (UID if seed["source"] is None else 65534)


def test_a_disk_on_the_way_to_a_target_has_its_own_record(world):
    uploads = disk(world, world.data / "data/uploads")
    seed = world.seed("site", "data/uploads/a/site")
    assert world.fill(a=seed) == ["a"] and world.record(uploads) == ["a/site"]
    assert uploads.stat().st_uid == UID
    subprocess.run(["rm", "-r", uploads / "a"], check=True)
    assert world.fill(a=seed) == []
    subprocess.run(["umount", uploads], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", uploads], check=True)
    assert world.fill(a=seed) == ["a"]


def test_what_an_older_image_recorded_around_a_disk_counts(world):
    uploads = disk(world, world.data / "data/uploads")
    (uploads / "mine").write_text("")
    (world.data / ".prepopulated").write_text("data/uploads/a\n")
    assert world.fill(a=world.seed("site", "data/uploads/a")) == []


def test_an_empty_disk_without_a_seed_is_the_users_and_one_for_root_is_not(world):
    uploads = disk(world, world.data / "data/uploads")
    configuration = disk(world, world.data / "configuration")
    world.fill()
    assert uploads.stat().st_uid == UID and configuration.stat().st_uid == 0


def test_a_file_for_a_mounted_folder_is_refused(world):
    disk(world, world.data / "data/welcome.txt")
    with pytest.raises(module("errors").LaunchError, match="is a mounted folder, but .* is not a folder; mount nothing there"):
        world.fill(a=world.seed())


def test_a_file_that_is_mounted_alone_counts_as_filled(world):
    world.fill()
    (world.data / "data/welcome.txt").write_text("")
    (world.root / "mine").write_text("mine")
    world.mount("--bind", world.root / "mine", world.data / "data/welcome.txt")
    assert world.fill(a=world.seed()) == []


def test_kill_at_any_moment_leaves_nothing_or_what_the_next_start_completes(world):
    chance = random.Random(int(os.environ.get("SEED", 7)))
    for index in range(40):
        world.write(f"tree/{index % 5}/{index}", os.urandom(20_000))
    uploads = world.data / "data/uploads"
    seeds = {"a": world.seed("tree", "data/uploads")}
    longest, expected = 0, None
    for attempt in range(20):
        disk(world, uploads)
        process = world.start(seeds)
        process.stdout.readline()
        began = time.monotonic()
        if attempt:
            time.sleep(chance.uniform(0, longest))
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if not attempt:
            longest, expected = time.monotonic() - began, world.tree(uploads)
        json.loads(world.start(seeds).communicate()[0].splitlines()[1])
        assert world.tree(uploads) == expected, attempt
        assert world.record(uploads) == ["."]
        subprocess.run(["umount", uploads], check=True)
        world.mounts.pop()


@pytest.mark.parametrize("is_given", [False, True])
def test_a_kill_after_the_record_leaves_nothing_behind(world, monkeypatch, is_given):
    uploads = disk(world, world.data / "data/uploads")
    seeds = module("seeds")
    with monkeypatch.context() as patched:
        patched.setattr(seeds, "finish", lambda _: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            world.fill(a=world.seed("site", "data/uploads"))
    assert world.record(uploads) == ["."] and (uploads / ".prepopulated.ready").is_dir()
    if is_given:
        (uploads / ".prepopulated.ready/given").mkdir()
        (uploads / ".prepopulated.ready/given/name").write_text("")
    assert world.fill(a=world.seed("site", "data/uploads")) == []
    assert not (uploads / ".prepopulated.ready").exists() and world.leftovers() == []
