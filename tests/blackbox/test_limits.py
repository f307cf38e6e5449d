"""What limits of control groups do to programs, where this kernel has the controllers (scripts/own-kernel brings one)."""
import contextlib
import pathlib
import threading
import time

import pytest

from house import wait_until
from test_cgroup import OURS

CONTROLLERS = set() if OURS is None else set((OURS / "cgroup.controllers").read_text().split())
pytestmark = pytest.mark.skipif(
    not {"cpu", "memory", "pids"} <= CONTROLLERS, reason="no controllers of version 2: see scripts/own-kernel"
)

PYTHON = "#!/usr/bin/python3\nimport os, sys, time\nprint('Content-Type: text/plain\\n', flush=True)\n"
HEAD = "#!/bin/sh\necho Content-Type: text/plain\necho\n"
MIB = 1 << 20


@pytest.fixture
def house(new_house):
    house = new_house("limits")
    house.option("CGIextension = cgi")
    house.option("KillGrace = 300ms")
    return house


def host(house, name, options):
    return house.host(name, f"  ExecuteCGI = yes\n  TimeForCGI = 60\n{options}")


def get(site, target):
    return site.get(target, timeout_s=60)


def leaves(house):
    """The control groups of programs that run."""
    lines = pathlib.Path(f"/proc/{house.spawner_pid()}/cgroup").read_text().splitlines()
    name = next(line for line in lines if line.startswith("0::")).split("/")[-2]
    return [leaf for leaf in (OURS / name / "programs").iterdir() if leaf.is_dir()]


def test_a_program_that_takes_too_much_memory_is_ended(house):
    site = host(house, "a.test", "  CGIgroupMemory = 32M")
    site.put("eats.cgi", f"#!/usr/bin/python3\nkept = bytes([1]) * {200 * MIB}\n", 0o755)
    site.put("modest.cgi", PYTHON + f"kept = bytes([1]) * {4 * MIB}\nprint(len(kept))\n", 0o755)
    house.start()
    assert get(site, "/modest.cgi").text == f"{4 * MIB}\n"
    assert get(site, "/eats.cgi").status == 502
    site.wait_for_error("/eats.cgi", f"CGIgroupMemory ({32 * MIB} bytes) is used up", "with its family")
    assert get(site, "/modest.cgi").text == f"{4 * MIB}\n"


def test_the_memory_of_a_family_is_one_sum(house):
    site = host(house, "a.test", "  CGIgroupMemory = 48M")
    eat = f"    if os.fork() == 0:\n        kept = bytes([1]) * {20 * MIB}\n        time.sleep(60)\n"
    site.put("family.cgi", f"#!/usr/bin/python3\nimport os, time\nfor _ in range(4):\n{eat}time.sleep(60)\n", 0o755)
    house.start()
    assert get(site, "/family.cgi").status == 502
    site.wait_for_error("/family.cgi", f"CGIgroupMemory ({48 * MIB} bytes) is used up")
    wait_until("all of it to be gone", lambda: not house.programs())


def test_a_program_has_no_more_processes_than_it_may(house):
    site = host(house, "a.test", "  CGIgroupProcesses = 8")
    fork = "        if os.fork() == 0:\n            time.sleep(60)\n        made += 1\n"
    site.put(
        "forks.cgi",
        f"{PYTHON}made = 0\ntry:\n    while made < 50:\n{fork}except OSError as error:\n    print(made, error.strerror)\n",
        0o755,
    )
    house.start()
    assert get(site, "/forks.cgi").text == "7 Resource temporarily unavailable\n"


def test_a_fork_bomb_is_contained_and_ended(house):
    site, other = host(house, "a.test", "  CGIgroupProcesses = 20"), host(house, "b.test", "")
    site.put("bomb.cgi", HEAD + "bomb() { bomb | bomb & }\nbomb 2>/dev/null\nexec sleep 60\n", 0o755)
    other.put("well.cgi", HEAD + "echo well\n", 0o755)
    house.start()
    with house.visit(timeout_s=60) as visitor:
        visitor.request("GET", "/bomb.cgi", host="a.test")
        visitor.first_bytes(1)
        counts = []
        for _ in range(5):
            counts += [int((leaf / "pids.current").read_text()) for leaf in leaves(house)]
            assert get(other, "/well.cgi").text == "well\n"
        assert 0 < max(counts) <= 20, counts
    wait_until("all of it to be gone", lambda: not house.programs(), 20)


def test_scarce_processors_are_shared_by_weight(house):
    """Both on one processor: 900 against 100 is nine tenths."""
    spin = "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\nend = float(os.environ['QUERY_STRING'])\n"
    spin += "while time.time() < end:\n    pass\nprint(time.process_time())\n"
    sites = [host(house, "a.test", "  CGIcpuShare = 900"), host(house, "b.test", "  CGIcpuShare = 100")]
    for site in sites:
        site.put("spins.cgi", PYTHON + spin, 0o755)
    house.start()
    used = {}

    def ask(site, end):
        used[site.name] = float(get(site, f"/spins.cgi?{end}").text)

    threads = [threading.Thread(target=ask, args=(site, time.time() + 3)) for site in sites]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert used["a.test"] > 3 * used["b.test"], used


@pytest.fixture
def tight():
    """A group in which 16 MiB are all there is."""
    (OURS / "cgroup.subtree_control").write_text("+memory")
    folder = OURS / "tight"
    folder.mkdir()
    (folder / "memory.max").write_text(str(16 * MIB))
    yield folder
    wait_until("it to be empty", lambda: not (folder / "cgroup.procs").read_text())
    folder.rmdir()


def test_a_server_whose_group_has_no_memory_left_is_followed_by_the_next(house, tight):
    """The kernel kills it; the programs of its requests end, and who comes next is answered."""
    site = host(house, "many.test", "  CollectBody = 1M")
    site.put("hello.cgi", HEAD + "echo hello\n", mode=0o755)
    house.option("ConnectionsPerIP = 1000")
    house.start()
    assert site.get("/hello.cgi").text == "hello\n"
    former = house.server_pid()
    (tight / "cgroup.procs").write_text(str(former))
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            for _ in range(600):
                slow = stack.enter_context(house.visit())
                slow.send(b"POST /hello.cgi HTTP/1.1\r\nHost: many.test\r\nContent-Length: 65000\r\n\r\n" + bytes(64000))
        wait_until("another server", lambda: house.server_pid() != former)
    wait_until("its answer", lambda: site.get("/hello.cgi").text == "hello\n")
    assert house.system_log().count("signal 9 (Killed); started again as pid") == 1
