"""Clients that are slow in the head, in the body and in reading, beside one that is quick.

LONGHOUSE_SLOW_CLIENTS says how many, as far as descriptors go; what the quick one met is printed (pytest -rP).
"""
import os
import time

import pytest

from backends import Worker
from house import House, opened, wait_until
from long_run import TIMES
from slow_crowd import MOST_DESCRIPTORS, SlowCrowd, take_all_descriptors

SPARE = 500  # descriptors that a house needs besides
CROWD = min(int(os.environ.get("LONGHOUSE_SLOW_CLIENTS", 300 if TIMES == 1 else 10_000)), MOST_DESCRIPTORS - SPARE)
ASKED = 100 if CROWD <= 300 else 2000
PATIENCE_S = 3 + CROWD // 500  # the house has it: the first are still there when the last have come


@pytest.fixture(scope="module")
def house():
    house = House("slow_clients")
    for line in (
        "ConnectionsPerIP = 20000", "ConnectionsTotal = 20000", "Reactors = 2", "CGIextension = cgi",
        "ExecuteCGI = yes", f"SocketSendTimeout = {PATIENCE_S}", f"TimeForCGI = {PATIENCE_S}",
        f"BodyGrace = {PATIENCE_S}",
    ):  # fmt: skip
        house.option(line)
    house.section(
        f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  TimeForRequest = {PATIENCE_S}, {PATIENCE_S}\n"
        f"  MaxKeepAlive = {ASKED}\n}}"
    )
    house.default.put("one.txt", "x" * 1024)
    house.default.put("big.bin", bytes(30_000_000))
    house.default.put("mirror.fcgi", "the worker answers for this")
    house.default.program("cgi_mirror", "mirror.cgi")
    take_all_descriptors()
    with Worker("one") as worker:
        house.section(f"FastCGIserver {{\n  FastCGIid = worker\n  ConnectTo = {worker.socket}\n  Extension = fcgi\n}}")
        house.option("UseFastCGI = worker")
        with opened(house):
            yield house


HEAD = b"GET /one.txt HTTP/1.1\r\nHost: default.test\r\nX-Slow: "
BODY = b"POST /mirror.fcgi HTTP/1.1\r\nHost: default.test\r\nContent-Length: 1000\r\n\r\nx"
PROGRAM = BODY.replace(b".fcgi", b".cgi")  # gets it as it comes, so these have seats, wait for one, or are told that it is too much
READING = b"GET /big.bin HTTP/1.1\r\nHost: default.test\r\n\r\n"


def connections(house):
    return house.status()["connections_now"]


@pytest.mark.parametrize(
    "text, count",
    [(HEAD, CROWD), (BODY, CROWD), (PROGRAM, min(CROWD, 300)), (READING, CROWD)],
    ids=["head", "body", "program", "reading"],
)
def test_slow_clients_hold_up_nobody_and_not_for_ever(house, text, count):
    with SlowCrowd(house.port, count, text) as slow:
        wait_until("all of them to be there", lambda: connections(house) == count, 10)
        took_ms = []
        with house.visit() as quick:
            for _ in range(ASKED):
                begun = time.monotonic()
                quick.request("GET", "/one.txt")
                answer = quick.answer()
                took_ms.append((time.monotonic() - begun) * 1000)
                assert answer.status == 200 and len(answer.body) == 1024
            still_there = connections(house) - 1
        slow.wait_until_sent_away()
    took_ms.sort()
    half, most = took_ms[ASKED // 2], took_ms[ASKED * 99 // 100 - 1]
    print(f"beside {count} ({still_there} in the end): half {half:.2f} ms, 99 of 100 {most:.1f} ms, all {took_ms[-1]:.1f} ms")
    wait_until("no connection", lambda: connections(house) == 0, 20)
    assert house.system_log().count("\n") < 20
