"""Clients that are slow in the head, in the body and in reading, beside one that is quick."""
import contextlib
import resource
import select
import socket

import pytest

from house import House, opened, wait_until
from long_run import TIMES

CROWD = 300 if TIMES == 1 else 10_000
ASKED = 100


@pytest.fixture(scope="module")
def house():
    house = House("slow_clients")
    for line in (
        "ConnectionsPerIP = 20000", "ConnectionsTotal = 20000", "Reactors = 2", "CGIextension = cgi",
        "ExecuteCGI = yes", "SocketSendTimeout = 3",
    ):  # fmt: skip
        house.option(line)
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  TimeForRequest = 3, 3\n}}")
    house.default.put("one.txt", "x" * 1024)
    house.default.put("big.bin", bytes(30_000_000))
    house.default.program("cgi_mirror", "mirror.cgi")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with opened(house):
        yield house


HEAD = b"GET /one.txt HTTP/1.1\r\nHost: default.test\r\nX-Slow: "
BODY = b"POST /mirror.cgi HTTP/1.1\r\nHost: default.test\r\nContent-Length: 1000\r\n\r\nx"
READING = b"GET /big.bin HTTP/1.1\r\nHost: default.test\r\n\r\n"


def begun(house, text):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", house.port))
    client.sendall(text)
    return client


def has_ended(client):
    """The house hung up, whatever it said before."""
    poll = select.poll()
    poll.register(client, select.POLLRDHUP)
    return any(event & (select.POLLRDHUP | select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))


@pytest.mark.parametrize("text", [HEAD, BODY, READING], ids=["head", "body", "reading"])
def test_slow_clients_hold_up_nobody_and_not_for_ever(house, text):
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(begun(house, text)) for _ in range(CROWD)]
        with house.visit() as quick:
            for _ in range(ASKED):
                quick.request("GET", "/one.txt")
                answer = quick.answer()
                assert answer.status == 200 and len(answer.body) == 1024
                if answer["connection"] == "close":
                    break
        wait_until("the slow ones to be sent away", lambda: all(map(has_ended, slow)), 60)
    wait_until("no connection", lambda: house.status()["connections_now"] == 0, 20)
    assert house.system_log().count("\n") < 20
