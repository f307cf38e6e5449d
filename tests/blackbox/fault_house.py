"""What the tests of FastCGI faults share: a house in front of an application that says exactly the bytes of each case, and
what its log has to say.
"""
import contextlib
import socket

import pytest

from fault_backend import FaultBackend, end, out
from house import House, opened, wait_until

KIB = 1024
MIB = 1024 * KIB
HEAD = b"Content-Type: text/plain\r\n\r\n"
DONE = out(b"") + end()


@pytest.fixture(scope="module")
def house():
    house = House("faults")
    house.option("MaxHeadSize = 200K")
    house.option("MaxEnvironment = 500K")
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  MaxRequestSize = 200M\n}}")
    with FaultBackend() as backend:
        house.backend = backend
        house.section(f"FastCGIserver {{\n  FastCGIid = unix\n  ConnectTo = {backend.socket}\n  Extension = php\n}}")
        house.section(f"FastCGIserver {{\n  FastCGIid = port\n  ConnectTo = 127.0.0.1:{backend.port}\n}}")
        house.section(f"FastCGIserver {{\n  FastCGIid = any\n  ConnectTo = {backend.socket}\n}}")
        house.section(f"FastCGIserver {{\n  FastCGIid = short\n  ConnectTo = {backend.socket}\n  Queue = 5, 1s\n}}")
        house.host("fault.test", "  UseFastCGI = any\n  TimeForCGI = 8")
        house.section(
            f"FastCGIserver {{\n  FastCGIid = kept\n  ConnectTo = 127.0.0.1:{backend.port}\n"
            "  KeepConnections = 1\n  MaxConnections = 1\n  KeepTime = 1s\n}"
        )
        house.host("kept.test", "  UseFastCGI = kept\n  TimeForCGI = 8")
        house.host("short.test", "  UseFastCGI = short\n  TimeForCGI = 8")
        house.host("port.test", "  UseFastCGI = port\n  TimeForCGI = 8")
        house.host("brief.test", "  UseFastCGI = any\n  TimeForCGI = 1")
        files = house.host("files.test", "  UseFastCGI = unix\n  EnablePathInfo = yes\n  StartFile = index.php")
        for name in ("a.jpg", "plain.txt", "script.php", "İ.php", "İ.php.d/deep.php", "two words.php"):
            files.put(name, "<?php")
        with opened(house):
            yield house


@pytest.fixture(params=["unix", "port"])
def site(house, request):
    """The application by its unix socket and by its port."""
    return house.sites["fault.test" if request.param == "unix" else "port.test"]


@pytest.fixture
def backend(house):
    yield house.backend
    house.backend.wait_until_quiet()


def says(*parts):
    """An act: hears the whole request, says this, closes."""

    def act(talk):
        talk.read_request()
        talk.say(*parts)

    return act


def lines_since(site, length):
    return site.error_log()[length:].splitlines()


def told_once(site, length, *words):
    """The error log got one line since it was `length` long, and it has the words."""
    wait_until(f"a line about {words}", lambda: "\n" in site.error_log()[length:])
    lines = lines_since(site, length)
    assert len(lines) == 1, lines
    for word in words:
        assert word in lines[0], lines[0]


def logged(site):
    """All that the house has to say about what is answered already is in the log."""
    before = site.access_log().count("\n")
    site.house.backend.act = says(out(HEAD), DONE)
    site.get("/mark")
    wait_until("the access log", lambda: site.access_log().count("\n") > before)


def asked(site, *, method="GET", body=None, version="1.1", target="/x", fields=()):
    """The answer, or None when the house cut the connection before a head."""
    try:
        return site.get(target, method=method, body=body, version=version, fields=fields)
    except ConnectionError:
        return None


@contextlib.contextmanager
def full_port():
    """A port whose queue is full: who connects to it waits for an answer to its SYN."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        with contextlib.ExitStack() as stack:
            for _ in range(2):
                visitor = stack.enter_context(socket.socket())
                visitor.setblocking(False)
                visitor.connect_ex(listener.getsockname())
            yield listener.getsockname()[1]


@contextlib.contextmanager
def full_socket(path):
    """A unix socket whose queue is full: who connects to it is told EAGAIN."""
    with socket.socket(socket.AF_UNIX) as listener, contextlib.ExitStack() as stack:
        listener.bind(str(path))
        path.chmod(0o666)
        listener.listen(0)
        while True:
            visitor = stack.enter_context(socket.socket(socket.AF_UNIX))
            visitor.setblocking(False)
            if visitor.connect_ex(str(path)) != 0:
                break
        yield listener, stack
