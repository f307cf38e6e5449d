"""The server, the spawner and the resolver are killed at random, under load."""
import os
import signal

import pytest

from everything import REQUESTS, Crowd, everything, outcome_of
from house import free_port, opened, wait_until
from ledger import Ledger
from long_run import SEED, TIMES, dice

KILLS = 6 * TIMES
PROGRAMS = ("/min.cgi", "/mirror.cgi")


@pytest.fixture(scope="module")
def house():
    with everything("killed") as house:
        house.option("Reactors = 2")
        house.section(f"FastCGIserver {{\n  FastCGIid = named\n  ConnectTo = localhost:{free_port()}\n}}")
        with opened(house):
            yield house


def serves(house, request):
    try:
        with house.visit() as visitor:
            return outcome_of(visitor, request) == 200
    except ConnectionResetError:
        return False


def test_whoever_is_killed_is_back_and_told_once(house):
    throw = dice("killed")
    ledger = Ledger(house)
    with Crowd(house, 6, SEED) as crowd:
        for _ in range(KILLS):
            name = throw.choice(("server", "spawner", "resolver"))
            pid = wait_until(f"a {name}", lambda: house.pid_of(name))
            goal = crowd.done + throw.randint(5, 60)
            wait_until("some answers", lambda: crowd.done >= goal, 30)
            os.kill(pid, signal.SIGKILL)
            wait_until(f"another {name}", lambda: house.pid_of(name) not in (None, pid))
        for request in REQUESTS:
            wait_until(f"{request[1]} to be served again", lambda: serves(house, request), 20)
    assert not {
        key: count
        for key, count in crowd.unlike(200, "cut").items()
        if not (key[0] in PROGRAMS and key[1] in (502, 503)) and key != ("connect", "ConnectionResetError")
    }
    ledger.balances()
    log = house.system_log()
    assert log.count("was killed by signal 9") == KILLS, log
    lines = house.default.error_log().splitlines()
    assert len(lines) <= sum(crowd.unlike(200).values()), lines
