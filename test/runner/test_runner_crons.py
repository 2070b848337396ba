"""The runner's crons: when they are due, beside each other, and their end."""
import datetime
import os
import random
import subprocess
import time
import zoneinfo

import pytest
from .conftest import CIRCUS, RUNNER, poll

# Prints the next times of a schedule after a moment, in the zone of TZ. The moment and the times: local time and offset.
TIMES = """
import datetime, sys
sys.path.insert(0, sys.argv[1])
from schedules import next_time
when = datetime.datetime.fromisoformat(sys.argv[3]).timestamp()
for _ in range(int(sys.argv[4])):
    when = next_time(sys.argv[2], when)
    print(datetime.datetime.fromtimestamp(when).astimezone().strftime("%m-%d %H:%M%z"))
"""
PARIS = "2026-{}T00:00+0{}:00"
SPRING, AUTUMN = PARIS.format("03-29", 1), PARIS.format("10-25", 2)
SPELLED_OUT = "CET-1CEST,M3.5.0,M10.5.0/3"


def times(schedule, after, count=3, zone="Europe/Paris"):
    command = [CIRCUS / "python", "-I", "-c", TIMES, RUNNER, schedule, after, str(count)]
    done = subprocess.run(command, env={"TZ": zone}, capture_output=True, text=True, check=True, timeout=20)
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    "schedule, expected",
    [
        ("05 4 * * *", ["01-01 04:05", "01-02 04:05", "01-03 04:05"]),
        ("*/25 1 * jan thu", ["01-01 01:00", "01-01 01:25", "01-01 01:50"]),
        ("10-10/5 0-4/2 1 1 *", ["01-01 00:10", "01-01 02:10", "01-01 04:10"]),
        # A day of the month or one of the week, unless one of them begins with a star.
        ("0 0 13 * fri", ["01-02 00:00", "01-09 00:00", "01-13 00:00"]),
        ("0 0 */15 * 7", ["02-01 00:00", "03-01 00:00", "05-31 00:00"]),
        ("0 0 31 feb mon", ["02-02 00:00", "02-09 00:00", "02-16 00:00"]),
        ("0 0 29 2 *", ["02-29 00:00"] * 3),
        ("@hourly", ["01-01 01:00", "01-01 02:00", "01-01 03:00"]),
        ("@midnight", ["01-02 00:00", "01-03 00:00", "01-04 00:00"]),
        ("@weekly", ["01-04 00:00", "01-11 00:00", "01-18 00:00"]),
        ("@monthly", ["02-01 00:00", "03-01 00:00", "04-01 00:00"]),
        ("@annually", ["01-01 00:00"] * 3),
    ],
)
def test_the_times_of_a_schedule(schedule, expected):
    assert times(schedule, "2026-01-01T00:00+00:00", zone="UTC") == [f"{time}+0000" for time in expected]


@pytest.mark.parametrize("zone", ["Europe/Paris", SPELLED_OUT])
@pytest.mark.parametrize(
    "schedule, after, expected",
    [
        # 02:30 is not there, and comes at 03:00; the hour is not there for what runs all the time.
        ("30 2 * * *", SPRING, ["03-29 03:00+0200", "03-30 02:30+0200"]),
        ("30 * * * *", SPRING, ["03-29 00:30+0100", "03-29 01:30+0100", "03-29 03:30+0200"]),
        # 02:30 is there twice: once for it, twice for what runs all the time.
        ("30 2 * * *", AUTUMN, ["10-25 02:30+0200", "10-26 02:30+0100"]),
        ("30 2 * * *", "2026-10-25T02:40+02:00", ["10-26 02:30+0100"]),
        ("30 2 * * *", "2026-10-25T02:10+01:00", ["10-26 02:30+0100"]),
        ("30 * * * *", "2026-10-25T01:00+02:00", ["10-25 01:30+0200", "10-25 02:30+0200", "10-25 02:30+0100", "10-25 03:30+0100"]),
        ("*/30 2 * * *", AUTUMN, ["10-25 02:00+0200", "10-25 02:30+0200", "10-25 02:00+0100", "10-25 02:30+0100"]),
    ],
)
def test_the_days_when_the_clocks_change(schedule, after, expected, zone):
    assert times(schedule, after, len(expected), zone) == expected


@pytest.mark.parametrize(
    "schedule, after, expected",
    [
        # On Friday, April 24th, Cairo has no hour from midnight on.
        ("*/20 0 * * 5", "2026-04-22T00:50+02:00", ["05-01 00:00+0300", "05-01 00:20+0300"]),
        ("0 */2 * * 5", "2026-04-23T23:50+02:00", ["04-24 02:00+0300", "04-24 04:00+0300"]),
        ("*/20 0,1 * * 5", "2026-04-22T00:50+02:00", ["04-24 01:00+0300", "04-24 01:20+0300", "04-24 01:40+0300", "05-01 00:00+0300"]),
        ("0 * * * 5", "2026-04-23T23:50+02:00", ["04-24 01:00+0300", "04-24 02:00+0300"]),
        ("30 0 * * 5", "2026-04-22T00:50+02:00", ["04-24 01:00+0300", "05-01 00:30+0300"]),
    ],
)
def test_a_day_that_begins_at_one(schedule, after, expected):
    assert times(schedule, after, len(expected), "Africa/Cairo") == expected


NAMES = {"jan": 1, "dec": 12, "sun": 0, "sat": 6}


def numbers(field, lowest, highest):
    """What a field stands for, as crontab(5) has it."""
    found = set()
    for element in field.split(","):
        times, _, step = element.partition("/")
        first, _, last = (f"{lowest}-{highest}" if times == "*" else times).partition("-")
        found |= set(range(int(NAMES.get(first, first)), int(NAMES.get(last or first, last or first)) + 1, int(step or 1)))
    return found


def by_hand(schedule, after, days):
    """The first minute of a schedule within some days, looked for one by one; None if there is none."""
    minutes, hours, month_days, months, weekdays = (
        numbers(field, *limits) for field, limits in zip(schedule.split(), [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)])
    )
    both = any(field.startswith("*") for field in schedule.split()[2::2])
    for minute in range(1, days * 1440):
        when = after + datetime.timedelta(minutes=minute)
        of_month, of_week = when.day in month_days, bool({when.isoweekday(), when.isoweekday() % 7} & weekdays)
        is_day = of_month and of_week if both else of_month or of_week
        if when.minute in minutes and when.hour in hours and when.month in months and is_day:
            return when
    return None


def test_random_schedules_come_when_debians_cron_runs_them():
    seed = random.randrange(10**6)
    print(f"SEED={seed}")
    chance = random.Random(seed)

    def element(lowest, highest, *names):
        first = chance.randint(lowest, highest)
        last = chance.randint(first, highest)
        forms = ["*", f"*/{chance.randint(1, 6)}", str(first), f"0{first}"[-2:], f"{first}-{last}", f"{first}-{last}/{chance.randint(1, 9)}"]
        return chance.choice([*forms, *names])

    limits = [(0, 59), (0, 23), (1, 31), (1, 12, "jan", "dec"), (0, 7, "sun", "sat")]
    for _ in range(25):
        schedule = " ".join(",".join(element(*each) for _ in range(chance.choice([1, 1, 2]))) for each in limits)
        after = datetime.datetime(2026, chance.choice([1, 2, 12]), chance.randint(1, 28), chance.randint(0, 23), tzinfo=datetime.timezone.utc)
        expected = by_hand(schedule, after, 10)
        if expected:
            assert times(schedule, after.isoformat(), 1, "UTC") == [expected.strftime("%m-%d %H:%M+0000")], schedule


# Puts the clock that crons read: it stands some seconds before a minute until `go` is there, and jumps by what `jump` says.
CLOCK = """
import runpy, sys, time
real, here = time.time, {here!r}
def told(name):
    try:
        with open(here + "/" + name) as opened:
            return float(opened.read())
    except (OSError, ValueError):
        return None
def now():
    began = told("go")
    return {start} + (real() - began + (told("jump") or 0) if began else 0)
sys.path.insert(0, {runner!r})
import crons
crons.time = type("Clock", (), {{"time": staticmethod(now), "monotonic": staticmethod(time.monotonic)}})
crons.LOOK = {look}
sys.argv = ["runner", *sys.argv[1:]]
runpy.run_path({runner!r}, run_name="__main__")
"""
MINUTE = int(datetime.datetime(2026, 1, 1, 12, 0, tzinfo=zoneinfo.ZoneInfo("UTC")).timestamp())
STAYS = {"web": {"cmd": "/bin/sleep 1000"}}


def crons(**declared):
    """Sections of the ini. In: {name: (command line, schedule, more lines ...)}."""
    return "".join(
        f"[cron:{name}]\ncmd = {cmd}\nschedule = {schedule}\n" + "".join(f"{line}\n" for line in more)
        for name, (cmd, schedule, *more) in declared.items()
    )


def start(runner, before=0.5, look=60, waits=True, **env):
    """Starts a runner for whose crons it is so many seconds before noon of a day, in UTC, when its start is done; or at once."""
    text = CLOCK.format(here=str(runner.folder), start=MINUTE - before, runner=str(RUNNER), look=look)
    (runner.folder / "clock.py").write_text(text)
    runner.process = subprocess.Popen(
        [CIRCUS / "python", "-I", runner.folder / "clock.py", runner.ini],
        stdout=open(runner.folder / "stdout", "w"), stderr=open(runner.folder / "stderr", "w"),
        stdin=subprocess.DEVNULL, start_new_session=True, env={"TZ": "UTC", "PATH": os.environ["PATH"], **env},
    )  # fmt: skip
    for part in ["wait", "go"] if waits else ["go", "wait"]:
        if part == "wait":
            runner.until("web started")
        else:
            (runner.folder / "go").write_text(str(time.time()))
    return runner


def test_a_cron_runs_when_it_is_due_and_speaks_where_the_runner_does(runner):
    cmd = runner.script("tick", 'echo "ran $TZ $(pwd)"; echo err >&2; exit 3')
    runner.write(STAYS, crons(tick=(cmd, "0 12 * * *"), tock=(runner.script("tock", "echo tock"), "1 12 * * *")))
    start(runner).until("cron tick ended with exit code 3")
    assert runner.output() == "ran UTC /\n" and "err\n" in runner.log()
    assert runner.stop()[0] == 0


def test_a_cron_of_the_zone_of_the_container(runner):
    runner.write(STAYS, crons(tick=(runner.script("tick", "echo ran"), "0 21 * * *")))
    start(runner, TZ="Asia/Tokyo")
    poll(lambda: runner.output() == "ran\n")
    assert runner.stop()[0] == 0


def test_a_signal_is_told_and_what_cannot_be_executed(runner):
    gone = runner.folder / "gone"
    gone.write_text("#!/bin/sh\n")
    gone.chmod(0o755)
    runner.write(STAYS, crons(tick=(runner.script("tick", "kill -KILL $$"), "* * * * *"), lost=(gone, "* * * * *")))
    start(runner, before=1)
    gone.unlink()
    runner.until("cron tick ended with signal 9 (SIGKILL)")
    runner.until("cron lost could not be executed: ")
    assert runner.stop()[0] == 0


def test_runs_go_on_beside_each_other_and_end_with_the_runner(runner):
    leaf = runner.script("leaf", "trap '' TERM; sleep 1000; :")
    cmd = runner.script("tick", f"(setsid {leaf} &) ; trap 'echo told; exit' TERM; echo ran; while :; do sleep 0.02; done")
    runner.write(STAYS, crons(one=(cmd, "* * * * *"), two=(cmd, "* * * * *")))
    start(runner, look=0.2)
    poll(lambda: runner.output() == "ran\nran\n")
    # The next minute comes while both run.
    (runner.folder / "jump").write_text("59")
    poll(lambda: runner.output().count("ran") == 4)
    time.sleep(0.3)
    assert runner.stop()[0] == 0
    assert runner.output().count("told") == 4 and not runner.left()


def test_a_stop_leaves_a_run_its_time_and_sends_its_signal_again(runner):
    deaf = runner.script("deaf", "trap '' TERM; echo ran; sleep 1000; :")
    slow = runner.script("slow", "trap 'echo told; sleep 0.3; echo done; exit' INT; echo ran; while :; do sleep 0.02; done")
    once = runner.script("once", "trap 'echo one; trap \"echo two; exit\" TERM' TERM; echo ran; while :; do sleep 0.02; done")
    declared = {"slow": (slow, "0 12 * * *", "stop_signal = INT"), "deaf": (deaf, "0 12 * * *", "graceful_timeout = 2"), "once": (once, "0 12 * * *")}
    runner.write(STAYS, crons(**declared))
    start(runner)
    poll(lambda: runner.output().count("ran") == 3)
    time.sleep(0.3)
    code, seconds = runner.stop()
    assert code == 0 and 2 <= seconds < 4 and not runner.left()
    assert sorted(runner.output().split()) == ["done", "one", "ran", "ran", "ran", "told", "two"]


def test_the_deadline_of_a_stop_counts_for_runs_too(runner):
    deaf = runner.script("deaf", "trap '' TERM; (trap '' TERM; sleep 1000) & echo ran; sleep 1000; :")
    runner.write(STAYS, crons(deaf=(deaf, "0 12 * * *", "graceful_timeout = 600")), stop_deadline=1)
    start(runner)
    poll(lambda: runner.output() == "ran\n")
    code, seconds = runner.stop()
    assert code == 0 and 1 <= seconds < 3 and not runner.left()
    assert "not all has stopped within 1 s" in runner.log()


@pytest.mark.parametrize("when", ["while they start", "once all run"])
def test_hundreds_of_runs_at_once_lose_no_signal(runner, when):
    # Most of them end by themselves, which is told by a signal each; the others have to be killed.
    stays = runner.script("stays", "trap '' TERM; echo ran; sleep 1000; :")
    runner.write(STAYS, crons(**{f"c{number}": ("/bin/true" if number % 4 else stays, "0 12 * * *", "graceful_timeout = 1") for number in range(1000)}))
    start(runner)
    poll(lambda: runner.output().count("ran") > (20 if when == "while they start" else 249), 40)
    code, seconds = runner.stop()
    assert code == 0 and seconds < 5 and not runner.left()
    assert "Traceback" not in runner.log() and "BlockingIOError" not in runner.log()


def test_what_was_missed_is_left_out(runner):
    runner.write(STAYS, crons(tick=(runner.script("tick", "echo ran"), "*/10 * * * *")))
    start(runner, look=0.2)
    poll(lambda: runner.output() == "ran\n")
    # Past three of its times, and back to before them.
    for jump in ("1900", "-3600"):
        (runner.folder / "jump").write_text(jump)
        time.sleep(0.6)
    assert runner.output() == "ran\n"
    (runner.folder / "jump").write_text("590")
    poll(lambda: runner.output() == "ran\nran\n", 30)
    assert runner.stop()[0] == 0


def test_nothing_runs_before_the_start_is_done(runner):
    programs = {"first": {"cmd": runner.script("first", "sleep 1.5; echo first"), "oneshot": True, "priority": 110}, **STAYS}
    runner.write(programs, crons(tick=(runner.script("tick", "echo ran"), "0 12 * * *"), tock=(runner.script("tock", "echo later"), "* * * * *")))
    start(runner, before=1, look=0.2, waits=False)
    (runner.folder / "jump").write_text("58")
    poll(lambda: runner.output() == "first\nlater\n")
    assert runner.stop()[0] == 0


def test_a_reload_takes_crons_away_and_brings_them(runner):
    runner.write(STAYS, crons(one=("/bin/true", "@daily"), two=("/bin/true", "@daily"), same=("/bin/true", "@daily")))
    start(runner, before=8)
    runner.write(STAYS, crons(two=("/bin/true", "@hourly"), three=(runner.script("three", "echo three"), "* * * * *"), same=("/bin/false", "@daily")))
    answer = runner.ctl("--json", "reloadconfig", "--waiting")
    for sentence in ("cron one removed", "cron two has another schedule", "cron three added"):
        assert sentence in answer
    assert "same" not in answer and "web" not in answer
    poll(lambda: runner.output() == "three\n")
    assert runner.stop()[0] == 0


@pytest.mark.parametrize(
    "section, told",
    [
        ("[cron:a]\ncmd = /bin/true\n", "[cron:a] schedule: is missing"),
        ("[cron:a]\nschedule = @daily\n", "[cron:a] cmd: is missing"),
        ("[cron:a]\ncmd = true\nschedule = @daily\n", "[cron:a] cmd: must begin with the absolute path"),
        ("[cron:a]\ncmd = /bin/true\nschedule = @daily\nuid = 0\n", "[cron:a] uid: this option is unknown"),
        ("[cron:a]\ncmd = /bin/true\nschedule = @daily\nstop_signal = NO\n", "[cron:a] stop_signal: must be the name of a signal"),
        *((f"[cron:a]\ncmd = /bin/true\nschedule = {odd}\n", "[cron:a] schedule: must be the five fields")
          for odd in ("* * * *", "* * * * * *", "61 * * * *", "@reboot", "daily", "x", "0 0 30 feb *", "* * * * */0", "L * * * *")),
    ],
)  # fmt: skip
def test_what_is_no_cron_is_refused(runner, section, told):
    runner.write(STAYS, section)
    assert runner.start("--check").wait() == 78
    assert told in runner.log() and runner.log().count("\n") == 1


def test_an_ini_without_crons_does_not_load_their_parser(runner):
    runner.write(STAYS)
    probe = "import sys; sys.path.insert(0, sys.argv[1]); import configuration, supervisor; configuration.read(sys.argv[2]); print('cronsim' in sys.modules)"
    done = subprocess.run([CIRCUS / "python", "-I", "-c", probe, RUNNER, runner.ini], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
