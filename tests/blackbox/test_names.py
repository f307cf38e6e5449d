"""Hosts and SRV records in ConnectTo: every address is a target, and is looked up again and again."""
import contextlib
import os
import signal
import socket
import struct
import threading
import time

import pytest

from dns import Dns
from house import House, free_port, opened, wait_until


class Echo:
    """A FastCGI program at one address, which answers with its name."""

    def __init__(self, name, address, port):
        self.name = name.encode()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.create_server((address, port), family=family)
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError, EOFError):
                connection.settimeout(10)
                self._answer(connection.makefile("rwb"))

    def _answer(self, stream):
        kind = length = None
        while (kind, length) != (5, 0):  # the end of STDIN
            head = stream.read(8)
            if len(head) < 8:
                raise EOFError
            _, kind, _, length, padding, _ = struct.unpack("!BBHHBB", head)
            stream.read(length + padding)
        text = b"Content-Type: text/plain\r\n\r\n" + self.name
        for record in (struct.pack("!BBHHBB", 1, 6, 1, len(text), 0, 0) + text,
                       struct.pack("!BBHHBB", 1, 3, 1, 8, 0, 0) + bytes(8)):
            stream.write(record)
        stream.flush()


@pytest.fixture(scope="module")
def dns():
    with Dns() as dns:
        yield dns


@pytest.fixture(scope="module")
def house(dns):
    house = House("names")
    house.port_of_app = free_port()
    house.option(dns.option)
    for name, target in (("app", f"app.test:{house.port_of_app}"), ("late", f"late.test:{house.port_of_app}"),
                         ("srv", "srv:_fcgi._tcp.test")):
        house.section(f"FastCGIserver {{\n  FastCGIid = {name}\n  ConnectTo = {target}\n"
                      "  SessionTimeout = 0\n  RestartHold = 0s\n}")
        house.host(f"{name}.host", f"  UseFastCGI = {name}\n  TimeForCGI = 5")
    with contextlib.ExitStack() as stack:
        for name, address in (("one", "127.0.0.1"), ("two", "127.0.0.2"), ("three", "127.0.0.3"), ("six", "::1")):
            stack.enter_context(Echo(name, address, house.port_of_app))
        dns.hosts("app.test", "127.0.0.1", "127.0.0.2")
        with opened(house):
            yield house


def heard(house, name, requests=8):
    """The bodies of so many answers; none of them fails."""
    answers = [house.sites[f"{name}.host"].get("/") for _ in range(requests)]
    assert {answer.status for answer in answers} == {200}
    return {answer.text for answer in answers}


def addresses(house, name):
    return sorted(next(n for n in house.status()["names"] if n["name"].startswith(name))["addresses"])


def becomes(house, name, *texts):
    wait_until(f"{name} to be {texts}", lambda: heard(house, name) == set(texts), 10)


def test_all_addresses_are_targets_from_the_first_request(house):
    assert heard(house, "app") == {"one", "two"}


# Nameserver names the one of the test: what it says counts.
def test_addresses_come_and_go_while_it_runs(house, dns):
    dns.hosts("app.test", "127.0.0.2", "127.0.0.3", "::1")
    becomes(house, "app", "two", "three", "six")
    port = house.port_of_app
    assert addresses(house, "app") == sorted([f"127.0.0.2:{port}", f"127.0.0.3:{port}", f"[::1]:{port}"])
    _, text, _ = house.verb("status")
    assert f"app.test:{port} (127.0.0.3:{port})" in text and "asked again in" in text
    assert "127.0.0.1" not in text.split("FastCGI app")[1].split("FastCGI late")[0]
    dns.hosts("app.test", "127.0.0.1", "127.0.0.2")
    becomes(house, "app", "one", "two")


def test_a_name_that_is_not_there_yet_is_asked_again(house, dns):
    answer = house.sites["late.host"].get("/")
    assert answer.status == 503
    house.sites["late.host"].wait_for_error("no host of ConnectTo has an address")
    assert "ConnectTo late.test:" in house.system_log() and "NXDOMAIN" in house.system_log()
    dns.hosts("late.test", "127.0.0.3")
    wait_until("late.test is there", lambda: house.sites["late.host"].get("/").status == 200, 20)
    assert heard(house, "late") == {"three"}


def test_srv_records_give_ports_ranks_and_weights(house, dns):
    port = house.port_of_app
    dns.hosts("a.test", "127.0.0.1")
    dns.hosts("b.test", "127.0.0.2")
    dns.hosts("c.test", "127.0.0.3")
    dns.services("_fcgi._tcp.test", (10, 3, port, "a.test"), (10, 1, port, "b.test"), (20, 1, port, "c.test"))
    wait_until("the services are there", lambda: house.sites["srv.host"].get("/").status == 200, 20)
    texts = [house.sites["srv.host"].get("/").text for _ in range(16)]
    assert (texts.count("one"), texts.count("two"), texts.count("three")) == (12, 4, 0)
    dns.services("_fcgi._tcp.test", (10, 1, port, "c.test"))
    becomes(house, "srv", "three")


@pytest.mark.parametrize("fault", ["silent", "garbage", "cut"])
def test_what_is_no_answer_leaves_the_last_addresses(house, dns, fault):
    dns.hosts("app.test", "127.0.0.1", "127.0.0.2")
    becomes(house, "app", "one", "two")
    before = house.system_log().count("its last addresses stay")
    with dns.lock:
        dns.fault = fault
    try:
        wait_until("that is noticed", lambda: house.system_log().count("its last addresses stay") > before, 30)
        assert heard(house, "app") == {"one", "two"}
    finally:
        with dns.lock:
            dns.fault = None
    wait_until("all is well again", lambda: not [n for n in house.status()["names"] if n["failures"]], 60)


def test_a_name_that_vanishes_keeps_its_addresses(house, dns):
    before = house.system_log().count("its last addresses stay")
    dns.forget("app.test")
    wait_until("that is noticed", lambda: house.system_log().count("its last addresses stay") > before, 15)
    assert heard(house, "app") == {"one", "two"}
    dns.hosts("app.test", "127.0.0.1", "127.0.0.2")
    wait_until("it is back", lambda: not [n for n in house.status()["names"] if n["failures"]], 30)


def test_a_long_answer_comes_by_tcp(house, dns):
    with dns.lock:
        dns.fault = "truncated"
    try:
        dns.hosts("app.test", "127.0.0.3")
        becomes(house, "app", "three")
        with dns.lock:
            assert "tcp" in {asked[2] for asked in dns.asked}
    finally:
        with dns.lock:
            dns.fault = None
        dns.hosts("app.test", "127.0.0.1", "127.0.0.2")
    becomes(house, "app", "one", "two")


def test_a_killed_resolver_is_back_and_the_addresses_stay(house, dns):
    resolver, server = house.pid_of("resolver"), house.server_pid()
    os.kill(resolver, signal.SIGKILL)
    assert heard(house, "app") == {"one", "two"}
    wait_until("another resolver", lambda: house.pid_of("resolver") not in (None, resolver))
    dns.hosts("app.test", "127.0.0.3")
    becomes(house, "app", "three")
    assert house.server_pid() == server
    dns.hosts("app.test", "127.0.0.1", "127.0.0.2")
    becomes(house, "app", "one", "two")


def test_a_killed_server_asks_anew(house):
    server, resolver = house.server_pid(), house.pid_of("resolver")
    os.kill(server, signal.SIGKILL)
    wait_until("another server", lambda: house.pid_of("server") not in (None, server))
    house.wait_until_ready()
    assert heard(house, "app") == {"one", "two"}
    assert house.pid_of("resolver") == resolver


def test_the_resolver_has_no_rights(house):
    status = open(f"/proc/{house.pid_of('resolver')}/status", encoding="utf-8").read()
    facts = dict(line.split(":\t", 1) for line in status.splitlines())
    assert int(facts["CapEff"], 16) == int(facts["CapBnd"], 16) == 0 or os.getuid() != 0
    assert facts["NoNewPrivs"] == "1" and facts["Seccomp"] == "2"
    assert facts["Uid"].split()[0] != "0"


def test_check_looks_names_up(house, dns):
    dns.hosts("app.test", "127.0.0.1", "::1")
    dns.services("_fcgi._tcp.test", (1, 1, 9001, "app.test"))
    dns.forget("late.test")
    port = house.port_of_app
    status, text, errors = house.verb("check")
    assert status == 0 and "but see the warnings above" in text
    assert f"  app.test:{port} is 127.0.0.1:{port}, [::1]:{port}\n" in text
    assert "  srv:_fcgi._tcp.test is 127.0.0.1:9001, [::1]:9001\n" in text
    assert f"  late.test:{port} is not known\n" in text
    assert f"warning: 'late.test:{port}' cannot be resolved now: there is no such name (NXDOMAIN)" in errors
    assert errors.count("cannot be resolved") == 1


def test_check_does_not_wait_long_for_names(house, dns):
    dns.fault = "silent"
    begun = time.monotonic()
    status, text, errors = house.verb("check")
    dns.fault = None
    assert status == 0 and errors.count("cannot be resolved now: no answer within 3 s") == 3
    assert 3 <= time.monotonic() - begun < 10


def test_a_dns_server_with_an_ipv6_address():
    house = House("dns6")
    port = free_port()
    with Dns(address="::1") as dns, Echo("one", "127.0.0.1", port):
        dns.hosts("app.test", "127.0.0.1")
        house.option(dns.option)
        house.section(f"FastCGIserver {{\n  FastCGIid = app\n  ConnectTo = app.test:{port}\n  RestartHold = 0s\n}}")
        house.host("app.host", "  UseFastCGI = app\n  TimeForCGI = 5")
        with opened(house):
            assert heard(house, "app") == {"one"}
        assert dns.count("app.test") >= 1


def test_without_names_there_is_no_resolver_and_the_system_knows_localhost():
    house = House("no-names")
    with opened(house):
        assert house.pid_of("spawner") and house.pid_of("resolver") is None
    house = House("localhost")
    port = free_port()
    house.section(f"FastCGIserver {{\n  FastCGIid = app\n  ConnectTo = localhost:{port}\n  RestartHold = 0s\n}}")
    house.host("app.host", "  UseFastCGI = app\n  TimeForCGI = 5")
    with Echo("one", "127.0.0.1", port), opened(house):
        assert heard(house, "app") == {"one"}
