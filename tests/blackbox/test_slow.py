"""What the error log says about a program that has used up most of its time: once, before it is ended."""
import concurrent.futures
import os
import re
import subprocess
import time

import pytest

from house import House, opened

HEAD = "#!/bin/sh\necho Content-Type: text/plain\necho\n"
PROGRAMS = {
    "reads.cgi": HEAD + "exec cat /proc/self/fd/1 2>/dev/null",  # its own output, which nobody writes to
    "burns.cgi": HEAD + "while :; do :; done\n",
    "stopped.cgi": HEAD + "kill -STOP $$\n",
    "family.cgi": HEAD + "setsid sleep 987 &\nsleep 986 &\n(setsid sleep 985 &)\nwait\n",
    "many.cgi": HEAD + "for n in 1 2 3 4 5 6 7 8 9 10; do sleep 987 & done\nwait\n",
    "in-time.cgi": HEAD + "sleep 0.5\n",
}


@pytest.fixture(scope="module", params=["auto", "no"])
def house(request):
    """With control groups, where the machine lets us, and without: what left its program is found in either way."""
    house = House("slow")
    house.option(f"Cgroup = {request.param}")
    house.option("CGIextension = cgi")
    house.option("KillGrace = 300ms")
    house.option("MinUid = 5")
    options = "  ExecuteCGI = yes\n  TimeForCGI = 1\n"
    site = house.host("slow.test", options)
    for name, text in PROGRAMS.items():
        site.put(name, text, 0o755)
    if os.getuid() == 0:
        other = house.host("other.test", options + "  RunAs = games\n")
        other.put("sleeps.cgi", HEAD + "exec sleep 987\n", 0o755)
    with opened(house):
        with concurrent.futures.ThreadPoolExecutor() as pool:  # all at once: each takes its second
            list(pool.map(lambda name: site.get(f"/{name}"), PROGRAMS))
        yield house


def lines_about(house, name, site="slow.test"):
    house.sites[site].wait_for_error(f"/{name}:", "slow: 800 ms of TimeForCGI (1 s) are over; ")
    return [line for line in house.sites[site].error_log().splitlines() if f"/{name}: slow: " in line]


def place_of(*command):
    """" in ..." as the kernel calls the place where such a program of our own waits; empty where it does not tell."""
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        time.sleep(0.2)
        with open(f"/proc/{process.pid}/wchan", encoding="ascii") as file:
            place = file.read()
        process.kill()
    return f" in {place}" if place not in ("", "0") else ""


def test_where_it_sleeps(house):
    [line] = lines_about(house, "reads.cgi")
    assert re.search(r'over; "cat /proc/self/fd/1" \(\d+\) asleep' + place_of("cat") + r", cpu \d+ ms, \d+ kB", line), line


def test_that_it_computes(house):
    [line] = lines_about(house, "burns.cgi")
    found = re.search(r'"/bin/sh [^"]*/burns.cgi" \(\d+\) running, cpu (\d+) ms', line)
    assert found and int(found[1]) > 0, line


def test_that_it_was_stopped(house):
    [line] = lines_about(house, "stopped.cgi")
    assert re.search(r'/stopped.cgi" \(\d+\) stopped', line), line


def test_its_family_wherever_it_went(house):
    [line] = lines_about(house, "family.cgi")
    assert "; with it: " in line
    for words in ('"sleep 987"', '"sleep 986"', '"sleep 985"'):
        assert re.search(words + r" \(\d+\) asleep", line), line


def test_a_large_family_is_counted(house):
    [line] = lines_about(house, "many.cgi")
    assert line.count('"sleep 987"') == 7 and line.endswith("; and 3 more"), line


def test_who_is_in_time_is_not_looked_at(house):
    lines_about(house, "burns.cgi")
    assert "/in-time.cgi" not in house.sites["slow.test"].error_log()


@pytest.mark.skipif(os.getuid() != 0, reason="needs root: a program of another user")
def test_a_program_of_another_user(house):
    house.sites["other.test"].get("/sleeps.cgi")
    [line] = lines_about(house, "sleeps.cgi", "other.test")
    assert re.search(r'"sleep 987" \(\d+\) asleep' + place_of("sleep", "9") + ",", line), line
