"""Large bodies and many slow clients through FastCGI: what the server holds of them in memory.

LONGHOUSE_UPLOAD_GB (1), LONGHOUSE_SLOW_CLIENTS (60) and LONGHOUSE_SLOW_MIB (4) say how large the tests are.
"""
import os
import threading

import pytest

from backends import Worker
from house import BINARY, House, opened, wait_until
from wire import slow_socket

MIB = 1024 * 1024
UPLOAD = int(float(os.environ.get("LONGHOUSE_UPLOAD_GB", "1")) * 1024) * MIB
SLOW_CLIENTS = int(os.environ.get("LONGHOUSE_SLOW_CLIENTS", "60"))
SLOW_BYTES = int(os.environ.get("LONGHOUSE_SLOW_MIB", "4")) * MIB
CLIENT_KIB = 20


def is_sanitized():
    return b"__asan_init" in (BINARY.parent / "server").read_bytes()


@pytest.fixture(scope="module")
def house():
    house = House("memory")
    house.entry = ["/usr/bin/env", "ASAN_OPTIONS=quarantine_size_mb=0:thread_local_quarantine_size_kb=0"]
    house.option("ConnectionsPerIP = 2000")
    house.option("SocketSendTimeout = 600")  # many readers are read one after the other
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  MaxRequestSize = 20G\n}}")
    with Worker("worker") as worker:
        house.section(f"FastCGIserver {{\n  FastCGIid = worker\n  ConnectTo = {worker.socket}\n  Queue = 1000, 300s\n}}")
        house.host("worker.test", "  UseFastCGI = worker\n  TimeForCGI = 300\n  OutputSpool = 1G")
        with opened(house):
            yield house


def target_of(house, name):
    section = next(section for section in house.status()["fastcgi"] if section["id"] == name)
    return section["targets"][0]


def memory_kib(pid, name="VmRSS"):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(f"{name}:"))


class Watch:
    """The most memory of the server while something runs."""

    def __init__(self, house):
        self.pid = house.server_pid()
        self.before = self.most = memory_kib(self.pid)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch)

    def _watch(self):
        while not self.over.wait(0.02):
            self.most = max(self.most, memory_kib(self.pid))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    @property
    def grown_kib(self):
        return self.most - self.before


def send_upload(visitor, size):
    piece = b"u" * (4 * MIB)
    visitor.send(f"POST /count HTTP/1.1\r\nHost: worker.test\r\nContent-Length: {size}\r\n\r\n")
    for _ in range(size // len(piece)):
        visitor.send(piece)
    visitor.send(piece[: size % len(piece)])


def test_a_large_upload_costs_no_memory(house):
    """It streams: what the program has not read yet waits with the client."""
    with house.visit(timeout_s=300) as visitor:  # what one request needs anyway
        send_upload(visitor, 16 * MIB)
        assert visitor.answer().fact("bytes") == str(16 * MIB)
    with Watch(house) as watch, house.visit(timeout_s=300) as visitor:
        send_upload(visitor, UPLOAD)
        answer = visitor.answer()
    assert answer.fact("bytes") == str(UPLOAD)
    assert watch.grown_kib < 2048, f"{watch.grown_kib} KiB for an upload of {UPLOAD} bytes"


class SlowReader:
    def __init__(self, house):
        self.socket = slow_socket(house.port, 120)
        self.socket.sendall(f"GET /big?{SLOW_BYTES} HTTP/1.0\r\nHost: worker.test\r\n\r\n".encode())

    def read_all(self):
        """How many bytes the body has."""
        total, head = 0, b""
        while piece := self.socket.recv(262144):
            total += len(piece)
            head = head or piece
        self.socket.close()
        assert head.startswith(b"HTTP/1.1 200 "), head[:300]
        return total - head.index(b"\r\n\r\n") - 4


def test_slow_clients_hold_neither_the_worker_nor_memory(house):
    """One worker, many clients who take nothing: it is free again at once, and the answers lie in files."""
    SlowReader(house).read_all()
    with Watch(house) as watch:
        readers = [SlowReader(house) for _ in range(SLOW_CLIENTS)]
        with house.visit(timeout_s=300) as visitor:
            visitor.request("GET", "/who", host="worker.test")
            assert visitor.answer().status == 200
        wait_until(
            "all answers to be put aside", lambda: target_of(house, "worker")["connections"] == 0, 300
        )
    per_client = watch.grown_kib / SLOW_CLIENTS
    assert [reader.read_all() for reader in readers] == [SLOW_BYTES] * SLOW_CLIENTS
    assert per_client < CLIENT_KIB * (2 if is_sanitized() else 1), f"{per_client} KiB for each client"
