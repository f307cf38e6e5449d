"""Random bytes, and requests with random changes, on each kind of connection."""
import contextlib
import socket

import pytest

from house import House, free_port, opened, wait_until
from ledger import Ledger
from long_run import TIMES, dice
from secure import SecureVisitor, make_certificate, secure_binding

VISITS = 600 * TIMES
SEEDS = [
    b"GET /one.txt HTTP/1.1\r\nHost: default.test\r\nRange: bytes=0-3\r\n\r\n",
    b"POST /one.txt HTTP/1.1\r\nHost: default.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"PUT /one.txt HTTP/1.1\r\nHost: default.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0\0\0\5\1\4\0\0\0\1\x82\x84\x86\x41\x8a\x08",
    b"\x16\x03\x01\x00\x2e\x01\x00\x00\x2a\x03\x03" + bytes(40),
]


@pytest.fixture(scope="module")
def house():
    house = House("garbage")
    house.option("ConnectionsPerIP = 20000")
    house.secure_port = free_port()
    certificate = make_certificate(house.folder, "cert")
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n}}")
    house.section(secure_binding(house.secure_port, f"  TLScertFile = {certificate}"))
    house.default.put("one.txt", "x" * 1024)
    with opened(house):
        yield house


def mutated(throw):
    """Bytes that were a request before something happened to them."""
    data = bytearray(throw.choice(SEEDS) * throw.randint(1, 3))
    for _ in range(throw.randint(1, 8)):
        at = throw.randrange(len(data))
        piece = throw.randbytes(throw.randint(1, 9))
        act = throw.choice(("write", "insert", "remove", "repeat", "cut"))
        if act == "write":
            data[at : at + len(piece)] = piece
        elif act == "insert":
            data[at:at] = piece
        elif act == "remove":
            del data[at : at + len(piece)]
        elif act == "repeat":
            data[at:at] = data[at : at + 200] * throw.randint(1, 20)
        elif len(data) > at + 1:
            del data[at + 1 :]
        data = data or bytearray(b"\0")
    return bytes(data)


def plain(house):
    return socket.create_connection(("127.0.0.1", house.port), timeout=10)


def secured(house):
    return SecureVisitor(house.secure_port).socket


def plain_to_secure(house):
    return socket.create_connection(("127.0.0.1", house.secure_port), timeout=10)


@pytest.mark.parametrize("connect, visits", [(plain, VISITS), (secured, VISITS // 4), (plain_to_secure, VISITS)])
def test_garbage_ends_its_own_connection_and_nothing_else(house, connect, visits):
    throw = dice(connect.__name__)
    ledger = Ledger(house)
    server, told = house.server_pid(), len(house.system_log().splitlines())
    for number in range(visits):
        data = mutated(throw) if throw.random() < 0.8 else throw.randbytes(throw.randint(1, 3000))
        with connect(house) as client, contextlib.suppress(OSError):
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass
        if number % 50 == 0:
            assert house.get("/one.txt").status == 200
    assert house.server_pid() == server
    ledger.balances()
    wait_until("no connection", lambda: house.status()["connections_now"] == 0)
    assert len(house.system_log().splitlines()) - told <= visits
    assert len(house.default.error_log().splitlines()) <= 3 * VISITS
