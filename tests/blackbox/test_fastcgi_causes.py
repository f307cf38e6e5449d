"""The common causes of a 502, 503 or 504: one line each that names the target, what happened and what to do about it."""
import contextlib
import os
import socket

import pytest

from backends import PhpFpm
from fault_backend import FaultBackend, out
from fault_house import HEAD, full_port, full_socket, lines_since, says
from house import House, free_port, opened, wait_until

IS_ROOT = os.getuid() == 0
IMPATIENT = "  Extension = php, phtml\n  RestartHold = 0\n  ConnectTimeout = 200ms\n  Queue = 5, 300ms\n"

# Cause: section, what is asked for, what the application does, status, words of the line
CAUSES = {
    "no socket": ("missing", "/hello.php", None, 503, ["missing.sock: No such file or directory", "does the program run?"]),
    "a socket of nobody": ("stale", "/hello.php", None, 503, ["stale.sock: Connection refused", "nobody listens there"]),
    "a closed port": ("port", "/hello.php", None, 503, ["127.0.0.1:", "Connection refused", "nobody listens there"]),
    "a socket of others": (
        "forbidden", "/hello.php", None, 503, ["forbidden.sock: Permission denied", "the user www-data (ServerId)", "listen.owner"],
    ),
    "somebody else's socket": ("owned", "/hello.php", None, 503, ["SocketOwner"]),
    "a full queue": ("full", "/hello.php", None, 503, ["every target is busy", "it has waited 3", "pm.max_children"]),
    "a silent port": ("silent", "/hello.php", None, 503, ["timed out", "ConnectTimeout", "firewall"]),
    "an unknown name": ("nameless", "/hello.php", None, 503, ["no host of ConnectTo has an address", "the system log says why"]),
    "another protocol": (
        "faulty", "/hello.php", lambda talk: talk.say_bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n"), 502,
        ["does not speak as expected", "does it speak FastCGI?"],
    ),
    "no answer in time": ("faulty", "/hello.php", lambda talk: talk.waits_for_hangup(), 504, ["TimeForCGI"]),
    "no answer at all": ("faulty", "/hello.php", says(), 502, ["closed before", "did its worker die"]),
    "half an answer": (
        "faulty", "/hello.php", says(out(HEAD + b"half")), 200,
        ["in the middle of its answer", "worker die?", "the answer was cut", " ms"],
    ),
    "a worker that is killed": ("php", "/die.php", None, 502, ["closed before", "worker die (php-fpm: request_terminate"]),
    "a script that is not where php looks": (
        "rooted", "/hello.php", None, 404, ["does not find SCRIPT_FILENAME '/rooted.test/hello.php'", "ServerRoot"],
    ),
    "a script that php must not run": ("php", "/page.phtml", None, 403, ["security.limit_extensions"]),
}
NEEDS_ROOT = {"a socket of others", "somebody else's socket"}  # else the server is whoever runs the tests


@pytest.fixture(scope="module")
def house():
    house = House("causes")
    with contextlib.ExitStack() as stack:
        house.backend = stack.enter_context(FaultBackend())
        php = stack.enter_context(PhpFpm())
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(f"{house.backend.folder}/stale.sock")
            os.chmod(f"{house.backend.folder}/stale.sock", 0o666)
        forbidden = stack.enter_context(socket.socket(socket.AF_UNIX))
        forbidden.bind(f"{house.backend.folder}/forbidden.sock")
        forbidden.listen()
        os.chmod(f"{house.backend.folder}/forbidden.sock", 0o600)
        stack.enter_context(full_socket(house.backend.folder / "full.sock"))
        targets = {
            "missing": f"{house.backend.folder}/missing.sock",
            "stale": f"{house.backend.folder}/stale.sock",
            "port": f"127.0.0.1:{free_port()}",
            "forbidden": f"{house.backend.folder}/forbidden.sock",
            "owned": f"{house.backend.socket}\n  SocketOwner = nobody",
            "full": f"{house.backend.folder}/full.sock",
            "silent": f"127.0.0.1:{stack.enter_context(full_port())}",
            "nameless": "no-such-host.invalid:9000",
            "faulty": house.backend.socket,
            "php": php.socket,
            "rooted": f"{php.socket}\n  ServerRoot = {house.folder}/sites",
        }
        for name, target in targets.items():
            house.section(f"FastCGIserver {{\n  FastCGIid = {name}\n  ConnectTo = {target}\n{IMPATIENT}}}")
            house.host(f"{name}.test", f"  UseFastCGI = {name}\n  TimeForCGI = 1").copy("php")
        house.sites["php.test"].put("page.phtml", "<?php")
        with opened(house):
            yield house


@pytest.mark.parametrize("cause", CAUSES)
def test_the_log_says_why(house, cause):
    if cause in NEEDS_ROOT and not IS_ROOT:
        pytest.skip("needs root")
    section, path, act, status, words = CAUSES[cause]
    site = house.sites[f"{section}.test"]
    length = len(site.error_log())
    house.backend.plays(act or (lambda talk: None))
    try:
        answer = site.get(path)
        assert answer.status == status
    except ConnectionError:
        assert status == 200

    def found():
        return [line for line in lines_since(site, length) if all(word in line for word in words)]

    wait_until("a line", found)
    line = found()[0]
    assert f"{section}.test" in line, line
    if status >= 500:
        assert f"FastCGI {section}: " in line and f"answering {status}" in line and " ms" in line, line
