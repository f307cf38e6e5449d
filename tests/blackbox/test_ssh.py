"""TunnelSSH: CONNECT to port 22 of this machine. Who answers there is a program of the test, or the machine's own sshd."""
import base64
import contextlib
import errno
import socket
import threading

import pytest
from h2wire import H2Visitor
from house import House, opened, wait_until

RIGHT = "Basic " + base64.b64encode(b"admin:through the wall").decode()
WRONG = "Basic " + base64.b64encode(b"admin:guess").decode()
BANNER = b"SSH-2.0-test\r\n"


class Server:
    """Says its banner, then what it hears, until its client has said all."""

    def __init__(self, listener):
        self.listener = listener
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.talk, args=[client], daemon=True).start()

    def talk(self, client):
        with client, contextlib.suppress(OSError):
            client.sendall(BANNER)
            while data := client.recv(65536):
                client.sendall(data)


def listen():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 22))
    listener.listen(16)
    return listener


@pytest.fixture(scope="module")
def server():
    """Nobody else may be there: what is said is looked at."""
    try:
        listener = listen()
    except OSError as error:
        pytest.skip(f"port 22 is not to be had: {errno.errorcode[error.errno]}")
    with listener:
        yield Server(listener)
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def house():
    house = House("ssh")
    house.option("TrustedProxy = 127.0.0.1")  # so that clients have addresses
    house.option(f"TunnelSSH = 192.0.2.0/24;{RIGHT.split()[1]}")
    house.option("DrainTime = 1s")
    house.option("LogFormat = common")
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  AcceptHTTP2 = prior-knowledge\n}}")
    house.site = house.host("ssh.test")
    house.site.put("a.txt", "a file")
    with opened(house):
        yield house


def ask(visitor, client="192.0.2.1", place="localhost:22", proof=None, more=b""):
    fields = f"X-Forwarded-For: {client}\r\n" + (f"Proxy-Authorization: {proof}\r\n" if proof else "")
    visitor.send(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{fields}\r\n".encode() + more)
    return visitor.head()


def test_a_tunnel(house, server):
    with house.visit() as visitor:
        answer = ask(visitor)
        assert answer.status == 200
        names = [name.lower() for name, _ in answer.fields]
        assert "content-length" not in names and "transfer-encoding" not in names and "connection" not in names
        visitor.send(b"x" * 300_000)
        assert visitor.first_bytes(len(BANNER) + 300_000) == BANNER + b"x" * 300_000
        visitor.socket.shutdown(socket.SHUT_WR)
        assert visitor.rest() == BANNER + b"x" * 300_000
    wait_until("its line", lambda: '"CONNECT localhost:22 HTTP/1.1" 200 ' in house.default.access_log())


def test_what_is_said_at_once_is_heard(house, server):
    with house.visit() as visitor:
        assert ask(visitor, more=b"early").status == 200
        assert visitor.first_bytes(len(BANNER) + 5) == BANNER + b"early"


@pytest.mark.parametrize(
    "asked, status",
    [
        ({"client": "198.51.100.1"}, 407),
        ({"client": "198.51.100.2", "proof": WRONG}, 407),
        ({"place": "localhost:23"}, 405),
        ({"place": "192.0.2.7:22"}, 405),
        ({"client": "198.51.100.3", "place": "example.org:443", "proof": RIGHT}, 405),
    ],
)
def test_nobody_and_nowhere_else(house, asked, status):
    """What stands behind a CONNECT that is refused is no request."""
    with house.visit() as visitor:
        answer = ask(visitor, **asked, more=b"GET /a.txt HTTP/1.1\r\nHost: ssh.test\r\n\r\n")
        assert answer.status == status
        assert answer["Connection"] == "close"
        assert answer["Proxy-Authenticate"] == ('Basic realm="SSH", charset="UTF-8"' if status == 407 else None)
        assert b"a file" not in visitor.rest()


def test_a_password_opens_it(house, server):
    with house.visit() as visitor:
        assert ask(visitor, "198.51.100.4", proof=RIGHT).status == 200
        assert visitor.first_bytes(len(BANNER)) == BANNER


def test_over_http2(house, server):
    with H2Visitor(house.port) as visitor:
        stream = visitor.connect("127.0.0.1:22", [("X-Forwarded-For", "192.0.2.1")])
        answer = visitor.answers[stream]
        while len(answer.body) < len(BANNER):
            visitor.listen()
        assert answer.status == 200
        visitor.send_body(stream, b"hello")
        assert visitor.answer(stream).body == BANNER + b"hello"
        refused = visitor.answer(visitor.connect("localhost:23", [("X-Forwarded-For", "192.0.2.1")]))
        assert refused.status == 405


def test_nobody_is_there(house):
    """The other place of this machine, where no test listens."""
    with contextlib.suppress(OSError), socket.create_connection(("::1", 22)):
        pytest.skip("somebody listens at [::1]:22")
    with house.visit() as visitor:
        assert ask(visitor, place="[::1]:22").status == 502
    wait_until("the reason", lambda: "TunnelSSH: [::1]:22 cannot be reached" in house.default.error_log())
    assert "does sshd listen there?" in house.default.error_log()


@pytest.mark.parametrize(
    "place, client, status, why",
    [
        ("localhost:22", "192.0.2.1", "200, ssh", "+ method: TunnelSSH names this client"),
        ("localhost:22", "198.51.100.1", "407, reply", "- method: TunnelSSH: a password is needed"),
        ("localhost:23", "192.0.2.1", "405, reply", "- method: TunnelSSH leads to localhost:22, 127.0.0.1:22 and"),
    ],
)
def test_explain_knows(house, place, client, status, why):
    url = f"http://ssh.test:{house.port}/{place}"
    code, output, errors = house.verb("explain", "-X", "CONNECT", "--from", client, url)
    assert code == 0, errors
    assert why in output and output.strip().endswith(status)


def test_it_is_off_by_default():
    house = House("no-ssh")
    house.host("ssh.test")
    with opened(house), house.visit() as visitor:
        assert ask(visitor).status == 405


def test_the_configuration_is_looked_at():
    house = House("bad-ssh")
    house.host("ssh.test")
    house.option("TunnelSSH = 127.0.0.1;nonsense")
    house.option("TunnelSSH = localhost")
    house.option("TunnelSSH = all")
    status, text = house.check()
    assert status == 1
    assert "wants USER:PASSWORD in base64 here, not 'nonsense'" in text
    assert "not 'localhost'" in text and "base64` writes it" in text
    assert "lets everybody reach the SSH server" in text
