"""TLS: certificates by name, both versions, every kind of answer and body, and what is refused."""
import hashlib
import os
import signal
import socket
import ssl
import subprocess
import time

import pytest

from house import House, free_port, open_folder, opened, wait_until
from secure import SecureVisitor, SlowClient, ends_well, make_certificate, secure_binding


BIG = bytes(range(256)) * 4096 * 3
LONG = BIG * 4


@pytest.fixture(scope="module")
def certificates():
    folder = open_folder("certificates")
    for name in ("default.test", "second.test"):
        make_certificate(folder, name)
    make_certificate(folder, "rsa.test", ("rsa:2048",))
    yield folder
    subprocess.run(["rm", "-rf", folder], check=True)


@pytest.fixture(scope="module")
def house(certificates):
    house = House("tls")
    house.option("CGIextension = cgi")
    house.option("CGIhandler = /bin/sh:sh")
    house.secure_port = free_port()
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n}}")
    house.section(
        secure_binding(house.secure_port, f"  TimeForRequest = 2, 5\n  TLScertFile = {certificates}/default.test.pem")
    )
    house.default.put("hello.txt", b"hello\n")
    house.default.put("big.bin", BIG)
    house.default.put("long.bin", LONG)
    second = house.host(
        "second.test",
        f"  TLScertFile = {certificates}/second.test.crt, {certificates}/rsa.test.crt\n"
        f"  TLSkeyFile = {certificates}/second.test.key, {certificates}/rsa.test.key\n"
        "  RequireTLS = yes, 31d; includeSubDomains\n  RandomHeader = 50\n  ExecuteCGI = yes",
    )
    second.put("hello.txt", b"second\n")
    second.put(".well-known/acme-challenge/token", b"answer")
    second.program("cgi_env", "env.cgi")
    second.program("cgi_mirror", "mirror.cgi")
    second.put("pause.sh", "printf 'Content-Type: text/plain\\n\\none\\n'; sleep 1; echo two")
    with opened(house):
        yield house


def get(house, target, name="default.test", method="GET", body=None, fields=(), **more):
    with SecureVisitor(house.secure_port, name, **more) as visitor:
        visitor.request(method, target, host=name, body=body, fields=[*fields, ("Connection", "close")])
        return visitor.answer(method)


# ---- answers ----


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_files_over_one_connection(house, version):
    with SecureVisitor(house.secure_port, version=version) as visitor:
        for target, content in (("/hello.txt", b"hello\n"), ("/big.bin", BIG), ("/hello.txt", b"hello\n")):
            visitor.request("GET", target)
            answer = visitor.answer()
            assert answer.status == 200 and answer.body == content
        visitor.request("HEAD", "/big.bin")
        assert visitor.answer("HEAD")["content-length"] == str(len(BIG))


def test_a_range_of_a_large_file(house):
    answer = get(house, "/big.bin", fields=[("Range", "bytes=1000000-1999999")])
    assert answer.status == 206 and answer.body == BIG[1000000:2000000]


def test_several_requests_at_once_on_one_connection(house):
    with SecureVisitor(house.secure_port) as visitor:
        visitor.send(b"GET /hello.txt HTTP/1.1\r\nHost: default.test\r\n\r\n" * 20)
        for _ in range(20):
            assert visitor.answer().body == b"hello\n"


def test_a_program_knows(house):
    answer = get(house, "/env.cgi", "second.test", version=ssl.TLSVersion.TLSv1_3)
    facts = answer.facts("env")
    assert facts["HTTPS"] == "on" and facts["REQUEST_SCHEME"] == "https"
    assert facts["TLS_VERSION"] == "TLSv1.3" and facts["TLS_CIPHER"].startswith("TLS_")
    assert facts["SERVER_PORT"] == str(house.secure_port)


@pytest.mark.parametrize("size", [0, 1, 16384, 16385, 5_000_000])
def test_an_upload_arrives_as_it_is(house, size):
    body = os.urandom(size)
    answer = get(house, "/mirror.cgi", "second.test", method="POST", body=body)
    assert answer.status == 200
    assert hashlib.sha256(answer.body).digest() == hashlib.sha256(body).digest() or answer.text.find(str(size)) >= 0


def test_what_a_program_said_is_there_when_it_pauses(house):
    with SecureVisitor(house.secure_port, "second.test") as visitor:
        visitor.request("GET", "/pause.sh", host="second.test")
        begun = time.monotonic()
        visitor.head()
        while b"one" not in visitor.data:
            assert visitor._more()
        assert b"two" not in visitor.data and time.monotonic() - begun < 0.9


def test_a_client_that_reads_slowly_gets_all(house):
    with SecureVisitor(house.secure_port) as visitor:
        visitor.request("GET", "/big.bin")
        time.sleep(0.5)
        assert visitor.answer().body == BIG


def test_curl(house, certificates):
    done = subprocess.run(
        ["curl", "-sS", "--fail", "--cacert", certificates / "default.test.crt", "--resolve",
         f"default.test:{house.secure_port}:127.0.0.1", f"https://default.test:{house.secure_port}/hello.txt"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.stdout == b"hello\n", done.stderr


def most_on_the_way(port):
    """What the server gets rid of when a client does not read."""
    with SlowClient(port) as client:
        client.ask("/long.bin", len(LONG), "close")
        queued = [-2, -1]
        while queued[-1] != queued[-2]:
            time.sleep(0.5)
            queued.append(client.queued(port))
    return queued[-1]


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
def test_the_last_record_of_a_slow_client_is_not_lost(house, connection):
    """It reads after the time that a connection lingers or is kept; answers are about as long as what finds room."""
    most = most_on_the_way(house.secure_port)
    assert 0 < most < len(LONG) * 3 // 4
    clients = []
    for number in range(40):
        clients.append(client := SlowClient(house.secure_port))
        client.ask("/long.bin", most + (number - 32) * 16384 // 2, connection)
    time.sleep(6)
    for client in clients:
        assert client.answer().body == LONG[: client.size]
        assert connection == "keep-alive" or ends_well(client)
        client.close()


# ---- names, versions, sessions ----


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("default.test", "default.test"),
        ("second.test", "second.test"),
        ("SECOND.test", "second.test"),
        ("unknown.test", "default.test"),
        (None, "default.test"),
    ],
)
def test_the_certificate_is_that_of_the_name(house, name, expected):
    with SecureVisitor(house.secure_port, name) as visitor:
        assert visitor.peer_names() == expected


def test_keys_of_two_kinds(house):
    for kind, expected in (("RSA", "rsa.test"), ("ECDSA", "second.test")):
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{house.secure_port}", "-servername", "second.test",
             "-tls1_2", "-cipher", f"ECDHE-{kind}-AES128-GCM-SHA256"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert f"CN = {expected}" in done.stdout, done.stdout + done.stderr


def test_old_versions_are_refused(house):
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{house.secure_port}", "-tls1_1", "-cipher", "ALL@SECLEVEL=0"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "protocol version" in done.stderr


def take_session(house, name="default.test", session=None):
    """A session that the server gave, and whether it took ours."""
    with SecureVisitor(house.secure_port, name, session=session, version=ssl.TLSVersion.TLSv1_2) as visitor:
        visitor.request("GET", "/hello.txt", host=name)
        visitor.answer()
        return visitor.socket.session, visitor.socket.session_reused


def test_a_session_outlives_the_server(house):
    context_session, reused = None, None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    def connect(session):
        with socket.create_connection(("127.0.0.1", house.secure_port), timeout=10) as plain:
            with context.wrap_socket(plain, server_hostname="default.test", session=session) as secure:
                secure.sendall(b"GET /hello.txt HTTP/1.1\r\nHost: default.test\r\nConnection: close\r\n\r\n")
                while secure.recv(65536):
                    pass
                return secure.session, secure.session_reused

    context_session, reused = connect(None)
    assert not reused
    assert connect(context_session)[1]
    old = house.server_pid()
    os.kill(old, signal.SIGKILL)
    wait_until("another server", lambda: house.pid_of("server") not in (None, old))
    house.wait_until_ready()
    assert connect(context_session)[1]


# ---- RequireTLS ----


@pytest.mark.parametrize(("method", "status"), [("GET", 301), ("HEAD", 301), ("POST", 308)])
def test_without_tls_the_way_to_it(house, method, status):
    answer = house.get("/a%20b?x=%41", host="second.test", method=method, body=b"x" if method == "POST" else None)
    assert answer.status == status
    assert answer["location"] == f"https://second.test:{house.secure_port}/a%20b?x=%41"
    assert answer["strict-transport-security"] is None


def test_with_tls_browsers_are_told(house):
    answer = get(house, "/hello.txt", "second.test")
    assert answer.status == 200 and answer.body == b"second\n"
    assert answer["strict-transport-security"] == "max-age=2678400; includeSubDomains"
    assert 1 <= len(answer["x-random"]) <= 50
    assert get(house, "/hello.txt")["strict-transport-security"] is None


def test_a_challenge_needs_no_tls(house):
    assert house.get("/.well-known/acme-challenge/token", host="second.test").body == b"answer"


# ---- who does not behave ----


def test_plain_http_is_not_answered_in_plain(house):
    with house.visit(house.secure_port) as visitor:
        visitor.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"HTTP" not in visitor.rest()


def test_a_slow_handshake_ends_and_holds_nobody(house):
    with house.visit(house.secure_port, timeout_s=10) as slow:
        slow.send(b"\x16\x03\x01")
        assert get(house, "/hello.txt").status == 200
        assert slow.rest() == b""


def test_garbage_is_survived(house):
    for data in (b"\x16\x03\x01\xff\xff" + os.urandom(70000), os.urandom(3000), b"\x16\x03\x01\x00\x00" * 500):
        with house.visit(house.secure_port) as visitor:
            try:
                visitor.send(data)
                visitor.rest()
            except OSError:
                pass
    assert get(house, "/hello.txt").status == 200


def test_a_client_that_cuts_within_an_upload(house):
    visitor = SecureVisitor(house.secure_port, "second.test")
    visitor.send(b"POST /mirror.cgi HTTP/1.1\r\nHost: second.test\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
    visitor.socket.close()
    assert get(house, "/hello.txt").status == 200


# ---- the configuration ----


@pytest.mark.parametrize(
    ("binding", "host", "words"),
    [
        ("TLScertFile = missing.pem", "", ["cannot read 'missing.pem'", "No such file"]),
        ("TLScertFile = DIR/default.test.crt", "", ["there is no private key in", "TLSkeyFile"]),
        ("TLScertFile = DIR/default.test.key", "", ["there is no certificate in"]),
        ("TLScertFile = DIR/default.test.crt\nTLSkeyFile = DIR/rsa.test.key, DIR/rsa.test.key", "", ["names 2 files"]),
        ("", "TLScertFile = DIR/default.test.pem", ["never shown"]),
        ("", "RequireTLS = yes", ["it would never answer"]),
        ("", "RequireTLS = perhaps", ["begins with yes or no"]),
        ("TLScertFile = DIR/default.test.pem", "RequireTLS = yes; sub", ["does not know 'sub'"]),
        ("TLScertFile = DIR/default.test.pem\nProxyProtocol = yes", "", ["both TLScertFile and ProxyProtocol"]),
    ],
)
def test_faults_are_told(certificates, binding, host, words):
    house = House("tls-fault")
    house.section(secure_binding(house.port, binding.replace("DIR", str(certificates))))
    house.host("a.test", host.replace("DIR", str(certificates)))
    status, said = house.check()
    house.close()
    assert status == 1
    for word in words:
        assert word in said


def test_a_key_of_another_certificate_is_told(certificates):
    house = House("tls-fault")
    house.section(
        secure_binding(house.port, f"TLScertFile = {certificates}/default.test.crt\nTLSkeyFile = {certificates}/rsa.test.key")
    )
    status, said = house.check()
    house.close()
    assert status == 1 and "the key is not that of the certificate" in said


def test_version_1_3_only(certificates):
    house = House("tls13")
    house.option("MinTLSversion = 1.3")
    port = free_port()
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n}}")
    house.section(secure_binding(port, f"TLScertFile = {certificates}/default.test.pem"))
    with opened(house):
        with SecureVisitor(port) as visitor:
            assert visitor.socket.version() == "TLSv1.3"
        with pytest.raises(ssl.SSLError):
            SecureVisitor(port, version=ssl.TLSVersion.TLSv1_2)
