"""Behind trusted proxies: who the client is, for programs, logs and limits."""
import contextlib
import socket
import struct
import uuid

import pytest

from house import House, free_port, opened, wait_until


@pytest.fixture(scope="module")
def house():
    house = House("proxies")
    house.outer = free_port()
    house.option("CGIextension = cgi")
    house.option("LogFormat = extended")
    house.option("HideProxy = 10.0.0.0/8")
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  TrustedProxy = 127.0.0.1\n}}")
    house.section(f"Binding {{\n  Port = {house.outer}\n  Interface = 127.0.0.1\n}}")
    site = house.host("p.test", "  ExecuteCGI = yes")
    site.program("cgi_env")
    site.put("a.txt", "a")
    with opened(house):
        yield house


@pytest.mark.parametrize(
    "fields, client",
    [
        ([("X-Forwarded-For", "203.0.113.9")], "203.0.113.9"),
        ([("X-Forwarded-For", "1.2.3.4, 203.0.113.9")], "203.0.113.9"),
        ([("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-For", "203.0.113.9, 10.7.7.7")], "203.0.113.9"),
        ([("X-Forwarded-For", "2001:db8::9")], "2001:db8::9"),
        ([("Forwarded", 'for="[2001:db8::9]:4711";proto=https')], "2001:db8::9"),
        ([("Forwarded", "for=1.2.3.4"), ("X-Forwarded-For", "203.0.113.9")], "203.0.113.9"),
        ([("X-Real-IP", "203.0.113.9")], "203.0.113.9"),
        ([("X-Forwarded-For", "203.0.113.9, unknown")], "127.0.0.1"),
        ([], "127.0.0.1"),
    ],
)
def test_the_client_is_whom_the_proxy_names(house, fields, client):
    site = house.sites["p.test"]
    mark = f"who={uuid.uuid4().hex}"
    answer = site.get(f"/env.cgi?{mark}", fields=fields)
    env = answer.facts("env")
    assert env["REMOTE_ADDR"] == client
    assert ("REMOTE_PORT" in env) == (client == "127.0.0.1")
    assert env["SERVER_PORT"] == str(house.port)
    # the reactors hand over their lines in no order: it need not be the last one
    line = wait_until("its line in the log", lambda: [row for row in site.access_log().splitlines() if mark in row])
    assert line[0].startswith(client + " ")


@pytest.mark.parametrize(
    "fields, scheme",
    [
        ([("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https")], "https"),
        ([("Forwarded", "for=203.0.113.9;proto=https")], "https"),
        ([("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "http")], "http"),
        ([("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "evil")], "http"),
        ([("X-Forwarded-For", "203.0.113.9")], "http"),
    ],
)
def test_the_scheme_is_the_one_before_the_proxy(house, fields, scheme):
    env = house.sites["p.test"].get("/env.cgi", fields=fields).facts("env")
    assert env["REQUEST_SCHEME"] == scheme
    assert env.get("HTTPS") == ("on" if scheme == "https" else None)


def test_from_anybody_else_the_fields_are_data(house):
    fields = [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https"), ("Forwarded", "for=203.0.113.9")]
    env = house.get("/env.cgi", host="p.test", port=house.outer, fields=fields).facts("env")
    assert env["REMOTE_ADDR"] == "127.0.0.1"
    assert "REMOTE_PORT" in env
    assert env["REQUEST_SCHEME"] == "http" and "HTTPS" not in env
    assert env["HTTP_X_FORWARDED_FOR"] == "203.0.113.9"


def test_clients_on_one_connection_are_kept_apart(house):
    with house.visit() as visitor:
        for client in ("203.0.113.1", "203.0.113.2", "2001:db8::3", "203.0.113.1"):
            visitor.request("GET", "/env.cgi", host="p.test", fields=[("X-Forwarded-For", client)])
            assert visitor.answer().facts("env")["REMOTE_ADDR"] == client
        visitor.request("GET", "/env.cgi", host="p.test")
        assert visitor.answer().facts("env")["REMOTE_ADDR"] == "127.0.0.1"


SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
GET = b"GET /env.cgi HTTP/1.1\r\nHost: p.test\r\n%s\r\n"


def version_2(command, family, content):
    return SIGNATURE + bytes([command, family]) + struct.pack(">H", len(content)) + content


def inet(client, port):
    return socket.inet_aton(client) + socket.inet_aton("127.0.0.1") + struct.pack(">HH", port, 80)


TLS = b"\x20\0\5\1\0\0\0\0"


@pytest.fixture(scope="module")
def introduced():
    """Bindings that take the PROXY protocol: may, must, and must from somebody else."""
    house = House("introduced")
    house.must, house.other = free_port(), free_port()
    house.option("CGIextension = cgi")
    house.section(
        f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  TrustedProxy = 127.0.0.1, 10.0.0.0/8\n"
        "  ProxyProtocol = yes\n}"
    )
    house.section(
        f"Binding {{\n  Port = {house.must}\n  Interface = 127.0.0.1\n  TrustedProxy = 127.0.0.1\n"
        "  ProxyProtocol = required\n}"
    )
    house.section(
        f"Binding {{\n  Port = {house.other}\n  Interface = 127.0.0.1\n  TrustedProxy = 10.0.0.1\n"
        "  ProxyProtocol = required\n}"
    )
    site = house.host("p.test", "  ExecuteCGI = yes")
    site.program("cgi_env")
    with opened(house):
        yield house


@pytest.mark.parametrize(
    "line, client, port",
    [
        (b"PROXY TCP4 203.0.113.9 127.0.0.1 4711 80\r\n", "203.0.113.9", "4711"),
        (b"PROXY TCP6 2001:db8:1111:2222:3333:4444:5555:6666 ::1 4711 80\r\n", "2001:db8:1111:2222:3333:4444:5555:6666", "4711"),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1", None),
        (version_2(0x21, 0x11, inet("203.0.113.9", 4711)), "203.0.113.9", "4711"),
        (version_2(0x21, 0x11, inet("203.0.113.9", 4711) + TLS), "203.0.113.9", "4711"),
        (version_2(0x20, 0x00, b""), "127.0.0.1", None),
        (version_2(0x21, 0x31, bytes(216)), "127.0.0.1", None),
    ],
)
@pytest.mark.parametrize("pace", ["at once", "in pieces"])
def test_the_proxy_protocol_tells_the_client(introduced, line, client, port, pace):
    with introduced.visit(introduced.must) as visitor:
        pieces = [line + GET % b""] if pace == "at once" else [line[:3], line[3:9], line[9:], GET % b""]
        for piece in pieces:
            visitor.send(piece)
        for _ in range(2):
            env = visitor.answer().facts("env")
            assert env["REMOTE_ADDR"] == client
            assert env["REMOTE_PORT"] == port if port else env["REMOTE_PORT"] != "0"
            assert env["REQUEST_SCHEME"] == ("https" if line.endswith(TLS) else "http")
            visitor.send(GET % b"")
        visitor.answer()


def test_where_it_may_come_it_may_be_left_out(introduced):
    with introduced.visit() as visitor:
        visitor.send(GET % b"X-Forwarded-For: 203.0.113.9\r\n")
        assert visitor.answer().facts("env")["REMOTE_ADDR"] == "203.0.113.9"


def test_fields_count_when_the_introduced_client_is_a_trusted_proxy(introduced):
    fields = b"X-Forwarded-For: 203.0.113.9\r\n"
    for proxy, client in ((b"10.0.0.7", "203.0.113.9"), (b"198.51.100.1", "198.51.100.1")):
        with introduced.visit() as visitor:
            visitor.send(b"PROXY TCP4 %s 127.0.0.1 4711 80\r\n" % proxy + GET % fields)
            assert visitor.answer().facts("env")["REMOTE_ADDR"] == client


@pytest.mark.parametrize(
    "port, data, says",
    [
        ("must", GET % b"", "no PROXY line"),
        ("must", b"PROXY TCP4 nobody\r\n", "wanted two addresses"),
        ("port", b"PROXY TCP4 nobody\r\n", "wanted two addresses"),
        ("must", version_2(0x21, 0x11, b"short"), "too short"),
        ("must", SIGNATURE + b"\x21\x11\xff\xff", "longer than 8192"),
        ("other", b"PROXY TCP4 203.0.113.9 127.0.0.1 4711 80\r\n", "is no TrustedProxy"),
    ],
)
def test_what_is_no_introduction_is_closed_and_logged(introduced, port, data, says):
    with introduced.visit(getattr(introduced, port)) as visitor:
        with contextlib.suppress(ConnectionError):
            visitor.send(data)
        assert visitor.rest() == b""
    wait_until(says, lambda: says in introduced.system_log())


def test_from_anybody_else_it_is_a_bad_request(house):
    with house.visit(house.outer) as visitor:
        visitor.send(b"PROXY TCP4 203.0.113.9 127.0.0.1 4711 80\r\n" + GET % b"")
        assert visitor.answer().status == 400


def test_limits_count_the_client_and_not_the_proxy(new_house):
    house = new_house("proxycrowd")
    house.option("ConnectionsPerIP = 2")
    house.option("TrustedProxy = 127.0.0.1")
    house.option("CGIhandler = /bin/sh:sh")
    site = house.host("p.test", "  ExecuteCGI = yes\n  TimeForCGI = 30")
    site.put("wait.sh", "echo Content-Type: text/plain; echo; echo begun; while [ ! -e ../../work/go ]; do :; done\n")
    site.put("a.txt", "a")
    house.start()

    def begin(client):
        visitor = house.visit()
        visitor.request("GET", "/wait.sh", host="p.test", fields=[("X-Forwarded-For", client)])
        assert visitor.head().status == 200
        return visitor

    held = [begin("203.0.113.9") for _ in range(2)]
    with house.visit() as visitor:
        for client, status in (("203.0.113.9", 429), ("203.0.113.8", 200), ("203.0.113.9", 429), (None, 200)):
            fields = [("X-Forwarded-For", client)] if client else []
            visitor.request("GET", "/a.txt", host="p.test", fields=fields)
            assert visitor.answer().status == status, client
    (house.work / "go").touch()
    for visitor in held:
        visitor.close()

    def welcome():
        return site.get("/a.txt", fields=[("X-Forwarded-For", "203.0.113.9")]).status == 200

    wait_until("room for the client", welcome)
    with_many = [house.visit() for _ in range(10)]  # the proxy's own connections have no such limit
    for visitor in with_many:
        visitor.request("GET", "/a.txt", host="p.test", fields=[("X-Forwarded-For", "203.0.113.7")])
        assert visitor.answer().status == 200
        visitor.close()
