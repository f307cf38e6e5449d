"""Control groups: each program has a leaf of its own, wherever this machine lets us make one."""
import os
import pathlib
import re
import signal
import subprocess
import time

import family
import pytest

from house import BINARY, wait_until

HEAD = "#!/bin/sh\necho Content-Type: text/plain\necho\n"
WHERE = HEAD + "grep ^0:: /proc/self/cgroup\n"


def mount_point():
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        if right.startswith("cgroup2 "):
            return pathlib.Path(left.split()[4])
    return None


def own_folder():
    """Where a house of ours makes its groups; None where it may not."""
    top = mount_point()
    lines = [line for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::/")]
    if top is None or not lines:
        return None
    folder = top / lines[0][4:]
    delegated = folder == top or "user.delegate" in os.listxattr(folder)
    return folder if delegated and os.access(folder, os.W_OK) else None


OURS = own_folder()
needs_groups = pytest.mark.skipif(OURS is None, reason="no control groups of version 2 for this user")


def houses():
    return sorted(OURS.glob("longhouse-*"))


def processes(folder):
    return [int(line) for line in (folder / "cgroup.procs").read_text().split()]


@pytest.fixture
def house(new_house):
    house = new_house("cgroup")
    house.option("CGIextension = cgi")
    house.option("KillGrace = 300ms")
    house.option("MinUid = 5")
    house.option("ExecuteCGI = yes")
    house.option("TimeForCGI = 10")
    house.default.put("where.cgi", WHERE, 0o755)
    return house


@pytest.fixture
def place_of_its_own():
    """Where no house of another test, which may start at any time, looks for what is left."""
    place = OURS / f"test-{os.getpid()}"
    place.mkdir()
    yield place
    for inside in sorted(place.glob("**/"), reverse=True):
        wait_until("the groups to be empty", lambda: not processes(inside))
        inside.rmdir()


def folder_of(house):
    pid = house.spawner_pid()
    words = pathlib.Path(f"/proc/{pid}/cgroup").read_text()
    path = next(line for line in words.splitlines() if line.startswith("0::"))[4:]
    assert path.endswith("/spawner")
    return mount_point() / path.removesuffix("/spawner").lstrip("/")


@needs_groups
def test_each_program_has_a_leaf_and_the_house_leaves_none(house):
    before = houses()
    house.start()
    folder = folder_of(house)
    assert folder in houses() and folder not in before
    answer = house.get("/where.cgi").text
    assert answer == house.get("/where.cgi").text  # an empty leaf is used again
    assert "/programs/" in answer and f"/{folder.name}/" in answer
    assert house.server_pid() not in processes(folder / "spawner")
    assert "each program gets a control group" in house.system_log()
    assert house.stop() == 0
    assert not folder.exists()


@needs_groups
@pytest.mark.skipif(os.getuid() != 0, reason="changes users")
def test_a_program_of_another_user_cannot_leave_its_leaf(house):
    site = house.host("games.test", "  ExecuteCGI = yes\n  RunAs = games")
    site.put(
        "leave.cgi",
        HEAD + f"for f in {mount_point()}$(sed -n s/^0:://p /proc/self/cgroup)/../../*/cgroup.procs; do\n"
        "echo 0 2>/dev/null >\"$f\" && echo left; done\nid -u\n",
        0o755,
    )
    house.start()
    assert site.get("/leave.cgi").text == "5\n"


@needs_groups
def test_what_hops_from_process_to_process_ends_too(house):
    house.default.program("cgi_hopper")
    house.default.put("stays.cgi", HEAD + "echo here\nexec sleep 986\n", 0o755)
    house.start()
    with house.visit() as visitor:
        visitor.request("GET", "/stays.cgi")
        visitor.first_bytes(1)
        stays = wait_until("it", lambda: [pid for pid in house.programs() if family.title(pid) == "sleep"])
        assert house.get("/hopper.cgi").text == "gone\n"
        # its leaf is empty though another program runs, which could own what has no mark
        programs = folder_of(house) / "programs"

        def lone():
            return [pids for leaf in programs.iterdir() if leaf.is_dir() and (pids := processes(leaf))] == [stays]

        wait_until("only one program to be left", lone, 3)


@needs_groups
@pytest.mark.parametrize("who", ["server", "spawner", "supervisor"])
def test_what_hops_does_not_outlive_one_of_ours(house, who):
    house.default.program("cgi_hopper")
    house.default.put("stays.cgi", HEAD + "./hopper.cgi\nexec sleep 986\n", 0o755)
    house.start()
    programs = folder_of(house) / "programs"

    def alive():
        return [pid for leaf in programs.glob("*/") for pid in processes(leaf)]

    with house.visit() as visitor:
        visitor.request("GET", "/stays.cgi")
        visitor.first_bytes(60)
        wait_until("both of them", lambda: len(alive()) > 1)
        victim = house.process.pid if who == "supervisor" else house.pid_of(who)
        os.kill(victim, signal.SIGKILL)
        if who == "supervisor":
            house.process.wait()
        wait_until("all to be gone", lambda: not alive(), 3)


@needs_groups
def test_the_next_house_ends_what_is_left_of_one_that_was_killed_whole(place_of_its_own, house, new_house):
    house.option(f"Cgroup = {place_of_its_own}")
    house.default.put("stays.cgi", HEAD + "env -i setsid sleep 987 >/dev/null 2>&1 &\necho $!\nexec sleep 986\n", 0o755)
    house.start()
    folder = folder_of(house)
    with house.visit() as visitor:
        visitor.request("GET", "/stays.cgi")
        visitor.first_bytes(1)
        left = wait_until(
            "the daemon", lambda: [pid for pid in house.programs() if "sleep 987" in family.describe(pid)]
        )
        ours = [house.process.pid, house.server_pid(), house.spawner_pid()]
        for pid in ours:
            os.kill(pid, signal.SIGSTOP)
        for pid in ours:
            os.kill(pid, signal.SIGKILL)
        house.process.wait()
    time.sleep(0.2)
    assert family.is_alive(left[0])
    for name in ("next", "third"):
        later = new_house(name)
        later.option(f"Cgroup = {place_of_its_own}")
        later.start()
        wait_until("the daemon to be gone", lambda: not family.is_alive(left[0]))
    assert not folder.exists()


def test_without_control_groups_it_says_so(house):
    house.option("Cgroup = no")
    house.start()
    assert "/programs/" not in house.get("/where.cgi").text
    assert "programs go without control groups: Cgroup = no" in house.system_log()


@needs_groups
def test_a_folder_can_be_named(house):
    folder = OURS / f"named-{os.getpid()}"
    folder.mkdir()
    try:
        house.option(f"Cgroup = {folder}")
        house.start()
        assert f"/{folder.name}/longhouse-" in house.get("/where.cgi").text
        assert house.stop() == 0
    finally:
        folder.rmdir()


@pytest.mark.parametrize(
    "lines, why",
    [
        ("Cgroup = /tmp", "that is no folder of control groups"),
        ("Cgroup = /no/such/folder", "there are no control groups"),
        ("Cgroup = sometimes", "Cgroup"),
        ("Cgroup = no\nCGIgroupProcesses = 20", "'Cgroup = no' says that there shall be none"),
        ("CGIcpuShare = 10001", "10000"),
        ("CGIgroupMemory = 1k", "CGIgroupMemory"),
    ],
)
def test_what_cannot_be_is_refused_at_check(house, lines, why):
    for line in lines.splitlines():
        house.option(line)
    status, said = house.check()
    assert status != 0 and why in said, said


@needs_groups
@pytest.mark.parametrize(
    "line, controller", [("CGIgroupMemory = 64M", "memory"), ("CGIgroupProcesses = 9", "pids"), ("CGIcpuShare = 9", "cpu")]
)
def test_limits_without_their_controller_are_refused_at_check_and_start(house, line, controller):
    house.option(line)
    status, said = house.check()
    if controller in (OURS / "cgroup.controllers").read_text().split():
        assert status == 0, said
        return
    assert status != 0 and f"the controller '{controller}' is not to be had" in said, said
    done = subprocess.run(
        [BINARY, "run", "-c", house.config_path], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode != 0 and f"the controller '{controller}' is not to be had" in done.stderr


@needs_groups
def test_each_spawner_has_a_folder_for_its_programs(house):
    house.option("Reactors = 2")
    house.option("Spawners = 2")
    house.start()
    folders = {path.name for path in folder_of(house).iterdir() if path.is_dir()}
    assert {"programs", "programs-2"} <= folders
    for _ in range(8):
        assert re.search(r"/programs(-2)?/\d+$", house.get("/where.cgi").text.strip())
