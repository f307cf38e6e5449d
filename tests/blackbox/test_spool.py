"""Slow clients: what a program wrote is put aside, so that nobody but the house waits for them."""
import os
import select

import pytest

from backends import Worker
from house import House, opened, wait_until
from wire import slow_socket

SIZE = 1_000_000
LONG = 8_000_000  # more than the kernel takes for a socket
READERS = 200


@pytest.fixture(scope="module")
def house():
    house = House("spool")
    house.option("CGIhandler = /usr/bin/perl:pl")
    house.option("ConnectionsPerIP = 1000")
    house.option("CGIextension = cgi")
    program = "print qq(Content-Type: text/plain\\n\\n); print '0123456789' x 1000 for 1..$ENV{QUERY_STRING} / 10000;"
    with Worker("spool") as worker:
        house.worker = worker
        house.section(f"FastCGIserver {{\n  FastCGIid = one\n  ConnectTo = {worker.socket}\n  Extension = fcgi\n}}")
        options = "  ExecuteCGI = yes\n  UseFastCGI = one\n  TimeForCGI = 60\n"
        for name, more in (("spool.test", "  OutputSpool = 10M\n"), ("small.test", "  OutputSpool = 0\n")):
            site = house.host(name, options + more)
            site.put("big.pl", program)
            for act in ("big", "who"):
                site.put(f"{act}.fcgi")
        with opened(house):
            yield house


class SlowReader:
    """Asks, and then takes nothing for as long as the test likes."""

    def __init__(self, house, target, host):
        self.socket = slow_socket(house.port, 30)
        self.socket.sendall(f"GET {target} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())

    def has_begun(self):
        return bool(select.select([self.socket], [], [], 0)[0])

    def read_all(self):
        data = bytearray()
        while piece := self.socket.recv(65536):
            data += piece
        self.socket.close()
        head, _, body = bytes(data).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        return body


def running(house, site):
    return [pid for pid in house.programs() if "big.pl" in _words(pid)]


def _words(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def memory_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def files_aside(house):
    """Open files of the server without a name; what is in memory only does not count."""
    folder = f"/proc/{house.server_pid()}/fd"
    count = 0
    for name in os.listdir(folder):
        try:
            link = os.readlink(f"{folder}/{name}")
            if link.startswith("/memfd:"):
                continue
            assert "(deleted)" not in link or link.startswith(str(house.work)), link
            count += "(deleted)" in link
        except OSError:
            pass
    return count


def test_slow_readers_hold_no_program(house):
    site = house.sites["spool.test"]
    before = memory_kib(house.server_pid())
    readers = [SlowReader(house, f"/big.pl?{SIZE}", site.name) for _ in range(READERS)]
    wait_until("each to have an answer", lambda: all(reader.has_begun() for reader in readers), 60)
    wait_until("all programs to end", lambda: not running(house, site), 60)
    grown = memory_kib(house.server_pid()) - before
    assert grown < 512 * 1024, f"{grown} KiB for {READERS} readers"
    for reader in readers:
        assert reader.read_all() == b"0123456789" * (SIZE // 10)
    wait_until("the files to go", lambda: files_aside(house) == 0)
    assert site.error_log() == ""


def test_long_answers_are_put_aside(house):
    site = house.sites["spool.test"]
    readers = [SlowReader(house, f"/big.pl?{LONG}", site.name) for _ in range(20)]
    wait_until("the answers to be put aside", lambda: files_aside(house) == 20 and not running(house, site), 30)
    for reader in readers:
        assert reader.read_all() == b"0123456789" * (LONG // 10)
    wait_until("the files to go", lambda: files_aside(house) == 0)


def test_slow_readers_hold_no_fastcgi_worker(house):
    site = house.sites["spool.test"]
    readers = [SlowReader(house, f"/big.fcgi?{LONG}", site.name) for _ in range(5)]
    assert site.get("/who.fcgi").status == 200  # the only worker is free again
    for reader in readers:
        assert reader.read_all() == b"x" * LONG


def test_an_answer_above_the_limit_waits_for_its_client(house):
    site = house.sites["small.test"]
    reader = SlowReader(house, f"/big.pl?{LONG}", site.name)
    wait_until("the program to run", lambda: running(house, site))
    assert files_aside(house) == 0
    assert reader.read_all() == b"0123456789" * (LONG // 10)
    wait_until("the program to end", lambda: not running(house, site))


def test_a_client_that_leaves_takes_its_file_along(house):
    site = house.sites["spool.test"]
    readers = [SlowReader(house, f"/big.pl?{LONG}", site.name) for _ in range(5)]
    wait_until("the answers to be put aside", lambda: files_aside(house) == 5)
    for reader in readers:
        reader.socket.close()
    wait_until("the files to go", lambda: files_aside(house) == 0)
