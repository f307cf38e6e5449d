"""Descriptors run out: a house with 256, and more clients than that."""
import contextlib
import os
import signal
import socket
import time

import pytest

from everything import REQUESTS, everything, outcome_of
from house import opened, wait_until
from ledger import Ledger
from long_run import TIMES

CLIENTS = 400
REACTORS = 2


@pytest.fixture(scope="module")
def house():
    with everything("descriptors") as house:
        house.option(f"Reactors = {REACTORS}")
        house.entry = ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh"]
        with opened(house):
            yield house


def crowd(house, stack):
    """So many clients that one of them is turned away."""
    before = house.status()["connections_refused"]
    for _ in range(CLIENTS):
        stack.enter_context(socket.create_connection(("127.0.0.1", house.port), timeout=10))
    wait_until("descriptors to run out", lambda: house.status()["connections_refused"] > before)


def served_by_each_reactor(house, request):
    """More visitors at once than one reactor takes."""
    with contextlib.ExitStack() as stack:
        visitors = [stack.enter_context(house.visit()) for _ in range(40)]
        return {outcome_of(visitor, request) for visitor in visitors} == {200}


def test_without_descriptors_it_refuses_and_recovers(house):
    ledger = Ledger(house)
    begun = time.monotonic()
    for _ in range(3 * TIMES):
        with contextlib.ExitStack() as stack:
            kept = [stack.enter_context(house.visit()) for _ in range(4 * len(REQUESTS))]
            assert {outcome_of(visitor, REQUESTS[0]) for visitor in kept} == {200}
            crowd(house, stack)
            outcomes = {outcome_of(visitor, request) for visitor, request in zip(kept, 4 * REQUESTS)}
            assert outcomes <= {200, 503}, outcomes
        for request in REQUESTS:
            wait_until(f"{request[1]} as before", lambda: served_by_each_reactor(house, request), 20)
        ledger.balances()
    minutes = 1 + (time.monotonic() - begun) // 60
    assert 0 < house.system_log().count("cannot accept") <= REACTORS * minutes, house.system_log()


def test_the_house_is_governed_all_the_same(house):
    """Status, rotation and reload while there are no descriptors: done, or refused with a reason."""
    server = house.server_pid()
    with contextlib.ExitStack() as stack:
        crowd(house, stack)
        house.process.send_signal(signal.SIGUSR1)
        house.option("CustomHeaderClient = X-Now: yes")
        house.write_config()
        status, output, errors = house.verb("reload")
        assert status == 0 or "nothing has changed" in output + errors, output + errors
    assert house.server_pid() == server
    wait_until("it to serve as before", lambda: served_by_each_reactor(house, REQUESTS[2]), 20)
    status, output, errors = house.verb("reload")
    assert status == 0, output + errors
    assert house.get("/one.txt")["x-now"] == "yes"
    os.kill(house.spawner_pid(), signal.SIGKILL)
    wait_until("programs again", lambda: served_by_each_reactor(house, REQUESTS[2]), 20)
