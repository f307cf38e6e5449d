"""Memory: it stays flat under load, and a server that gets no more ends and is followed by the next.

A limit of the kernel on data (RLIMIT_DATA) refuses memory, so this proves what happens when an allocation fails. A limit of a control
group does not refuse, but kills: that is test_killed.
"""
import contextlib
import os
import signal

import pytest

from everything import REQUESTS, Crowd, everything, outcome_of
from house import is_sanitized, opened, wait_until
from long_run import SEED, TIMES

MIB = 1024 * 1024
ROUND = 600
GROWTH_MOST = 4 * MIB
SPARE = 16 * MIB
CLIENTS = 1200
DEATHS_MOST = 6  # of servers that meet the same crowd
UPLOAD = b"POST /mirror.fcgi HTTP/1.1\r\nHost: default.test\r\nContent-Length: 60000\r\n\r\n" + bytes(30000)

pytestmark = pytest.mark.skipif(
    is_sanitized(), reason="a sanitizer keeps what was freed: scripts/test runs this with the debug build"
)


@pytest.fixture(scope="module")
def house():
    with everything("memory") as house:
        house.option("Reactors = 2")
        with opened(house):
            yield house


def fact(pid, name):
    """Bytes, as /proc/PID/status tells them."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(f"{name}:"))


def test_it_stays_flat(house):
    pids = {"supervisor": house.process.pid, "server": house.server_pid(), "spawner": house.spawner_pid()}

    def after_a_round(crowd):
        goal = crowd.done + ROUND
        wait_until("answers", lambda: crowd.done >= goal, 60)
        return {name: fact(pid, "VmRSS") for name, pid in pids.items()}

    with Crowd(house, 6, SEED) as crowd:
        for _ in range(2):
            before = after_a_round(crowd)
        for _ in range(2 * TIMES):
            now = after_a_round(crowd)
    assert not crowd.unlike(200)
    grown = {name: now[name] - before[name] for name in pids}
    assert max(grown.values()) < GROWTH_MOST, grown


def serves(house, request):
    try:
        with house.visit() as visitor:
            return outcome_of(visitor, request) == 200
    except ConnectionError:
        return False


def test_a_server_without_memory_is_followed_by_the_next(house):
    most_kib = (fact(house.server_pid(), "VmData") + SPARE) // 1024
    with everything("little") as little:
        little.option("Reactors = 2")
        little.entry = ["sh", "-c", f'ulimit -d {most_kib}; exec "$@"', "sh"]
        with opened(little), contextlib.ExitStack() as stack:
            server = little.server_pid()
            for _ in range(CLIENTS):
                with contextlib.suppress(OSError):
                    stack.enter_context(little.visit()).send(UPLOAD)
            wait_until("another server", lambda: little.pid_of("server") not in (None, server), 20)
            stack.close()
            for request in REQUESTS:
                wait_until(f"{request[1]} to be served again", lambda: serves(little, request), 20)
            full = little.server_pid()  # its pools keep what the crowd left
            os.kill(full, signal.SIGKILL)
            wait_until("a fresh server", lambda: little.pid_of("server") not in (None, full))
            assert 1 <= little.system_log().count("the server (pid") <= DEATHS_MOST, little.system_log()
