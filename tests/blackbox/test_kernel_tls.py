"""TLS whose records the kernel enciphers, where it can (scripts/own-kernel brings one that does)."""
import errno
import hashlib
import os
import pty
import socket
import ssl
import subprocess
import time

import pytest

from house import House, free_port, open_folder, opened, wait_until
from secure import SecureVisitor, ends_well, make_certificate, secure_binding

TCP_ULP = 31
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
SMALL = b"hello\n"
BIG = bytes(range(256)) * 4096 * 3
RECORD = 16384


def kernel_can():
    with socket.socket() as one:
        try:
            one.setsockopt(socket.IPPROTO_TCP, TCP_ULP, b"tls")
        except OSError as error:
            return error.errno == errno.ENOTCONN
    return True


pytestmark = pytest.mark.skipif(not kernel_can(), reason="this kernel does not encipher records: see scripts/own-kernel")


def in_kernel(house, port=None):
    """What the server sends to a client is enciphered by the kernel (to one with this port; None: to any)."""
    of_client = ["and", "dport", "=", f":{port}"] if port else []
    command = ["ss", "-Htni", "sport", "=", f":{house.secure_port}", *of_client]
    return b"txconf: sw" in subprocess.run(command, check=True, capture_output=True).stdout


def new_house(folder, words=""):
    house = House("kernel-tls")
    house.secure_port = free_port()
    if words:
        house.option(words)
    house.option("CGIextension = cgi")
    house.option("CGIhandler = /bin/sh:sh")
    house.option("ExecuteCGI = yes")
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n}}")
    house.section(
        secure_binding(house.secure_port, f"  TimeForRequest = 5, 2\n  TLScertFile = {folder}/default.test.pem")
    )
    site = house.default
    site.put("small.txt", SMALL)
    site.put("big.bin", BIG)
    site.put("pause.sh", "printf 'Content-Type: text/plain\\n\\none\\n'; sleep 1; echo two")
    site.program("cgi_mirror", "mirror.cgi")
    return house


@pytest.fixture(scope="module")
def folder():
    folder = open_folder("kernel-tls")
    make_certificate(folder, "default.test")
    yield folder
    subprocess.run(["rm", "-rf", folder], check=True)


@pytest.fixture(scope="module")
def house(folder):
    house = new_house(folder)
    with opened(house):
        yield house


def visit(house, **more):
    return SecureVisitor(house.secure_port, timeout_s=60, **more)


# ---- answers ----


@pytest.mark.parametrize("version", VERSIONS)
def test_files_over_one_connection(house, version):
    with visit(house, version=version) as visitor:
        for target, content in (("/small.txt", SMALL), ("/big.bin", BIG), ("/small.txt", SMALL)):
            visitor.request("GET", target)
            answer = visitor.answer()
            assert answer.status == 200 and answer.body == content
        assert in_kernel(house, visitor.socket.getsockname()[1])
        visitor.request("GET", "/big.bin", fields=[("Range", "bytes=1000000-1999999"), ("Connection", "close")])
        assert visitor.answer().body == BIG[1000000:2000000]
        assert ends_well(visitor)


@pytest.mark.parametrize("version", VERSIONS)
def test_sessions_are_resumed(house, version):
    with visit(house, version=version) as visitor:
        visitor.request("GET", "/small.txt")
        assert visitor.answer().body == SMALL
        session, context = visitor.socket.session, visitor.socket.context
    with socket.create_connection(("127.0.0.1", house.secure_port), 60) as plain:
        plain_port = plain.getsockname()[1]
        with context.wrap_socket(plain, server_hostname="default.test", session=session) as again:
            assert again.session_reused and in_kernel(house, plain_port)
            again.sendall(b"GET /small.txt HTTP/1.0\r\nHost: default.test\r\n\r\n")
            text = b""
            while data := again.recv(RECORD):
                text += data
    assert text.endswith(SMALL)


@pytest.mark.parametrize("cipher", ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"])
def test_every_cipher_serves(house, cipher):
    """Whether the kernel knows it or OpenSSL goes on by itself."""
    curl = ["curl", "-sk", "--tls-max", "1.2", "--ciphers", cipher, f"https://127.0.0.1:{house.secure_port}/big.bin"]
    assert subprocess.run(curl, check=True, capture_output=True).stdout == BIG


@pytest.mark.parametrize("size", [0, RECORD, 5_000_000])
def test_an_upload_arrives_and_comes_back(house, size):
    body = os.urandom(size)
    with visit(house) as visitor:
        visitor.request("POST", "/mirror.cgi", body=body)
        answer = visitor.answer()
    assert answer.status == 200 and hashlib.sha256(answer.body).digest() == hashlib.sha256(body).digest()


def test_what_a_program_said_is_there_when_it_pauses(house):
    with visit(house) as visitor:
        visitor.request("GET", "/pause.sh")
        visitor.head()
        begun = time.monotonic()
        while b"one" not in visitor.data:
            visitor.data += visitor.socket.recv(RECORD)
        assert time.monotonic() - begun < 0.9
        while b"two" not in visitor.data:
            visitor.data += visitor.socket.recv(RECORD)


def test_many_requests_at_once(house):
    with visit(house) as visitor:
        visitor.send(b"GET /small.txt HTTP/1.1\r\nHost: default.test\r\n\r\n" * 40)
        for _ in range(40):
            assert visitor.answer().body == SMALL


def test_http2(house, tmp_path):
    words = []
    for number in range(8):
        words += ["-o", tmp_path / str(number), f"https://127.0.0.1:{house.secure_port}/big.bin"]
    with subprocess.Popen(["curl", "-sk", "--http2", "--parallel", "--limit-rate", "16M", *words]) as curl:
        wait_until("curl's connection is enciphered by OpenSSL", lambda: in_kernel(house))
        assert curl.wait() == 0
    assert all((tmp_path / str(number)).read_bytes() == BIG for number in range(8))


# ---- other keys ----


class Openssl:
    """`openssl s_client`, as somebody at a terminal uses it."""

    def __init__(self, port):
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_3", "-servername", "default.test"]
        self.screen, terminal = pty.openpty()  # into a pipe it would not say things when they happen
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=terminal, stderr=subprocess.STDOUT, bufsize=0
        )
        os.close(terminal)
        self.said = b""
        self.hear(b"Max Early Data")  # the end of a session ticket

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        os.close(self.screen)

    def type(self, words):
        self.process.stdin.write(words)

    def hear(self, words=None):
        """All up to these words; None: all to the end."""
        while words is None or words not in self.said:
            try:
                self.said += os.read(self.screen, RECORD)
            except OSError:  # EIO: it has left
                assert words is None, self.said
                break
        said, self.said = self.said, b""
        return said


REQUEST = b"GET /small.txt HTTP/1.1\r\nHost: default.test\r\n\r\n"


def test_a_client_may_change_its_own_keys(house):
    with Openssl(house.secure_port) as client:
        client.type(b"k\n")
        client.hear(b"KEYUPDATE")
        client.type(REQUEST)
        client.hear(b"hello")


def test_a_client_that_wants_other_keys_of_ours_is_left(house):
    """Nobody can tell the kernel new ones: better no answer than one that cannot be read."""
    with Openssl(house.secure_port) as client:
        client.type(REQUEST)
        client.hear(b"hello")
        client.type(b"K\n")
        client.hear(b"KEYUPDATE")
        client.type(REQUEST)
        said = client.hear()
        assert b"hello" not in said and b"bad record mac" not in said
    with visit(house) as visitor:
        visitor.request("GET", "/small.txt")
        assert visitor.answer().body == SMALL


def test_it_is_a_matter_of_choice(folder):
    house = new_house(folder, "KernelTLS = no")
    with opened(house):
        with visit(house) as visitor:
            visitor.request("GET", "/big.bin")
            assert visitor.answer().body == BIG
            assert not in_kernel(house)


def test_the_doctor_tells(house):
    said = house.verb("doctor")[1]
    assert "KernelTLS: the kernel enciphers what goes out" in said
