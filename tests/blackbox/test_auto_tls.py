"""AutoTLS: certificates from an authority, which looks at the names through port 80."""
import contextlib
import http.server
import os
import ssl
import subprocess
import threading
import time

import pytest

from dns import Dns
from house import BACKENDS, House, free_port, open_folder, opened, wait_until
from ocsp import Responder, responding
from pebble import Pebble
from secure import Handshakes, SecureVisitor, make_certificate, secure_binding


def automatic_house(directory, roots, options="", more="", kind=House):
    house = kind("autotls")
    house.tls_port = free_port()
    house.option(f"ACMEdirectory = {directory}")
    house.option(f"ACMEca = {roots}")
    house.option("ACMEagree = yes")
    house.option("ACMEcontact = root@a.test")
    house.option(f"ACMEfolder = {house.folder}/acme")
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n}}")
    house.section(secure_binding(house.tls_port, "  AutoTLS = yes"))
    house.host("a.test", f"  AutoTLS = yes\n{options}", more_names=("www.a.test",))
    if more:
        house.host(more, "  AutoTLS = yes")
    return house


def shown(house, name):
    """What a client sees that asks for a name: issuer and names."""
    with SecureVisitor(house.tls_port, name) as visitor:
        der = visitor.socket.getpeercert(binary_form=True)
    return subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-issuer", "-serial", "-ext", "subjectAltName"],
                          input=der, capture_output=True, check=True).stdout.decode()  # fmt: skip


def state(house, name="a.test"):
    for entry in house.status()["certificates"]:
        if entry["host"] == name:
            return entry
    return None


@pytest.fixture
def names():
    with Dns() as dns:
        for name in ("a.test", "www.a.test", "b.test"):
            dns.hosts(name, "127.0.0.1")
        yield dns


def taken_over(house, name):
    return house.system_log().count(f"/acme/{name}.pem' was taken over")


def test_from_the_first_start_to_the_next_certificate(names):
    house = automatic_house("", "", "  RequireTLS = yes\n  AccessList = deny 127.0.0.1", more="b.test")
    house.default.put(".well-known/acme-challenge/token", b"certbot was here")
    house.sites["b.test"].put("b.txt", b"b\n")
    with Pebble(http_port=house.port, dns=names, life_s=7) as pebble:
        house.options[0:2] = [f"ACMEdirectory = {pebble.directory}", f"ACMEca = {pebble.roots}"]
        with opened(house):
            assert "self-signed" in shown(house, "a.test")
            wait_until("the first ones", lambda: taken_over(house, "a.test") and taken_over(house, "b.test"), 20)
            first = shown(house, "www.a.test")
            assert "Pebble" in first and "DNS:a.test, DNS:www.a.test" in first
            assert "Pebble" in shown(house, "b.test")
            assert "DNS:a.test" in shown(house, "elsewhere.test")  # the Binding shows that of the first host
            assert house.get("/.well-known/acme-challenge/token").body == b"certbot was here"
            assert house.get("/.well-known/acme-challenge/other", host="a.test").status == 404
            assert "a.test.pem' is not there yet: a self-signed certificate is shown" in house.system_log()
            assert house.system_log().count("b.test has a new certificate") <= 2  # once, unless it is late already
            assert state(house)["error"] == "" and state(house)["until"] > 0
            assert "a.test: good until" in house.verb("status")[1]
            for path in (house.folder / "acme").iterdir():
                assert path.stat().st_mode & 0o777 == 0o600 and path.stat().st_uid == os.getuid()
            assert (house.folder / "acme").stat().st_mode & 0o777 == 0o700
            before = {name: taken_over(house, name) for name in ("a.test", "b.test")}
            with Handshakes(house.tls_port, "/b.txt", b"b\n", name="b.test") as clients:
                for name, count in before.items():
                    wait_until("the next one", lambda name=name, count=count: taken_over(house, name) > count, 20)
                wait_until("clients to see it", lambda: clients.failures or len(clients.seen) > 1)
            assert not clients.failures
            assert shown(house, "a.test") != first
            assert house.system_log().count("a new account") == 1
            assert "gets no new certificate" not in house.system_log()


class SecureHouse(House):
    """Without a binding that speaks plain HTTP."""

    def wait_until_ready(self, deadline_s=15.0):
        wait_until("the house answers", lambda: self.verb("status")[0] == 0, deadline_s)


def test_without_port_80_names_are_proven_in_handshakes(names):
    house = automatic_house("", "", kind=SecureHouse)
    del house.sections[0]  # the plain binding
    with Pebble(tls_port=house.tls_port, dns=names) as pebble:
        house.options[0:2] = [f"ACMEdirectory = {pebble.directory}", f"ACMEca = {pebble.roots}"]
        with opened(house):
            wait_until("the first one", lambda: taken_over(house, "a.test"), 20)
            first = shown(house, "a.test")
            assert "Pebble" in first
            account = (house.folder / "acme" / "account.key").read_bytes()
            subprocess.run([BACKENDS / "acme_once", pebble.directory, pebble.roots, "--close",
                            house.folder / "acme" / "account.key"], check=True)  # fmt: skip
            assert house.verb("acme", "renew", "A.test")[1].startswith("ok: ")
            wait_until("another one, by another account", lambda: taken_over(house, "a.test") == 2, 20)
            assert shown(house, "a.test") != first
            assert house.system_log().count("a new account for certificates is opened") == 2
            assert (house.folder / "acme" / "account.key").read_bytes() != account
            assert "gets no new certificate" not in house.system_log()


def staple(house):
    return house.status()["staples"]


def test_an_authority_without_ocsp_is_not_asked_whether_a_certificate_counts(names):
    house = automatic_house("", "", "  TLSstaple = yes")
    with Pebble(http_port=house.port, dns=names) as pebble:
        house.options[0:2] = [f"ACMEdirectory = {pebble.directory}", f"ACMEca = {pebble.roots}"]
        assert "TLSstaple" not in house.check()[1]
        with opened(house):
            wait_until("there is a certificate to speak of", lambda: staple(house), 20)
            assert "a.test.pem: none: it names no responder of OCSP" in house.verb("status")[1]
            assert "OCSP" not in house.system_log() and "staple" not in house.system_log()


def test_an_authority_with_ocsp_is_asked_whether_a_certificate_counts(names):
    house = automatic_house("", "", "  TLSstaple = yes")
    responder = Responder(None, free_port())
    responder.says = b"garbage"
    url = f"http://127.0.0.1:{responder.port}/automatic"
    with responding(responder), Pebble(http_port=house.port, dns=names, ocsp=url) as pebble:
        house.options[0:2] = [f"ACMEdirectory = {pebble.directory}", f"ACMEca = {pebble.roots}"]
        with opened(house):
            wait_until("it is asked", lambda: responder.asked, 20)
            assert responder.asked[0][0] == "/automatic"
            wait_until("the status knows", lambda: "it is no answer of OCSP" in staple(house)[0]["error"])


def test_an_authority_that_is_away_is_asked_again_and_the_house_stands():
    folder = open_folder("away")
    roots = make_certificate(folder, "localhost")
    house = automatic_house(f"https://localhost:{free_port()}/dir", roots)
    with opened(house):
        wait_until("it is said", lambda: "a.test gets no new certificate" in house.system_log())
        assert "self-signed" in shown(house, "a.test")
        said = wait_until("it is in the status", lambda: state(house) and state(house)["error"] and state(house))
        assert "connect" in said["error"].lower() and said["until"] == 0
        assert "none yet, a self-signed one is shown" in house.verb("status")[1]
        assert said["next_try"] >= time.time() + 30
        status, _, errors = house.verb("acme", "renew", "c.test")
        assert status == 1 and "no certificate of AutoTLS is named 'c.test'" in errors
        assert house.verb("acme", "renew")[0] == 0
        wait_until("the next try was made", lambda: state(house)["next_try"] > said["next_try"])
        assert "a.test.pem: AutoTLS has not got it yet" in house.verb("doctor")[1]
        acme = wait_until("the program", lambda: house.pid_of("acme"))
        os.kill(acme, 9)
        wait_until("another one", lambda: house.pid_of("acme") not in (None, acme))
        os.kill(house.server_pid(), 9)
        house.wait_until_ready()
        wait_until("the next server knows it too", lambda: state(house))


class Limited(http.server.BaseHTTPRequestHandler):
    """An authority that has enough."""

    def do_GET(self):
        self.send_response(429)
        self.send_header("Retry-After", "7200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def limited_authority(roots):
    server = http.server.HTTPServer(("127.0.0.1", 0), Limited)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(roots)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://localhost:{server.server_port}/dir"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_limit_of_the_authority_is_kept_to():
    roots = make_certificate(open_folder("limit"), "localhost", more=("-addext", "subjectAltName=DNS:localhost"))
    with limited_authority(roots) as directory, opened(automatic_house(directory, roots)) as house:
        wait_until("it is said", lambda: "status 429" in house.system_log())
        assert "the next try is in 7200 s" in house.system_log()


def test_what_can_never_work_is_said_by_check():
    house = automatic_house("https://localhost:1/dir", "none.pem")
    house.options[2] = "ACMEagree = no"
    status, said = house.check()
    house.close()
    assert status != 0 and "whose terms are not agreed to" in said and "ACMEca 'none.pem'" in said
    assert "  AutoTLS = yes\n" in said and "set: ACMEagree = yes" in said  # place and cure


def test_a_folder_that_others_may_enter_is_refused():
    house = automatic_house("https://localhost:1/dir", make_certificate(open_folder("loose"), "localhost"))
    (house.folder / "acme").mkdir(mode=0o755)
    house.write_config()
    status, output, errors = house.verb("run")
    house.close()
    assert status != 0 and "others may enter it" in output + errors
