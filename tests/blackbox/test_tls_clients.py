"""Clients that show a certificate: RequiredCA."""
import ssl
import subprocess

import pytest

from house import House, free_port, open_folder, opened, wait_until
from secure import Authority, SecureVisitor, make_certificate, secure_binding

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture(scope="module")
def files():
    folder = open_folder("clients")
    make_certificate(folder, "default.test")
    yield folder
    subprocess.run(["rm", "-rf", folder], check=True)


@pytest.fixture(scope="module")
def club(files):
    return Authority(files, "club")


@pytest.fixture(scope="module")
def ann(club):
    return club.sign("ann")


@pytest.fixture(scope="module")
def house(files, club):
    house = House("clients")
    house.option("CGIextension = cgi")
    house.open_port, house.closed_port = free_port(), free_port()
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n}}")
    house.section(secure_binding(house.open_port, f"  TLScertFile = {files}/default.test.pem"))
    house.section(
        secure_binding(
            house.closed_port,
            f"  TLScertFile = {files}/default.test.pem\n  RequiredCA = {club.certificate}, {club.revoked}",
        )
    )
    house.default.put("a.txt", b"for all\n")
    members = house.host("members.test", f"  ExecuteCGI = yes\n  RequiredCA = {club.certificate}")
    members.put("a.txt", b"for members\n")
    members.put(".well-known/acme-challenge/token", b"answer")
    members.program("cgi_env", "env.cgi")
    with opened(house):
        yield house


def get(port, target, name, host=None, **more):
    with SecureVisitor(port, name, **more) as visitor:
        visitor.request("GET", target, host=host or name, fields=[("TLS-Subject-DN", "CN=forged")])
        return visitor.answer()


def refused(house, port, name, **more):
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
        answer = get(port, "/a.txt", name, **more)
        raise AssertionError(answer.status)


@pytest.mark.parametrize("version", VERSIONS)
def test_programs_know_who_it_is(house, ann, version):
    answer = get(house.open_port, "/env.cgi", "members.test", version=version, shows=ann)
    facts = answer.facts("env")
    assert facts["TLS_SUBJECT_DN"] == "CN=ann,O=Club" and facts["TLS_ISSUER_DN"] == "CN=club"
    assert facts["TLS_CERT_SERIAL"] == "1A:2B" and len(facts["TLS_CERT_FINGERPRINT"]) == 64
    assert facts["HTTP_TLS_SUBJECT_DN"] == "CN=forged"


@pytest.mark.parametrize("version", VERSIONS)
def test_who_shows_none_or_a_foreign_one_is_refused(house, files, version):
    refused(house, house.open_port, "members.test", version=version)
    wait_until("the log says so", lambda: "of client 127.0.0.1 on port" in house.system_log())
    assert "refused: it showed none" in house.system_log()
    stranger = make_certificate(files, "stranger")
    refused(house, house.open_port, "members.test", version=version, shows=stranger)
    wait_until("the log says so", lambda: "refused: self-signed certificate" in house.system_log())


def test_a_connection_for_another_host_brings_nobody_in(house, ann):
    assert get(house.open_port, "/a.txt", "default.test").body == b"for all\n"
    assert get(house.open_port, "/a.txt", "default.test", host="members.test", shows=ann).status == 421
    assert get(house.open_port, "/a.txt", "members.test", shows=ann).body == b"for members\n"
    assert house.get("/a.txt", host="members.test").status == 403
    assert house.get("/.well-known/acme-challenge/token", host="members.test").body == b"answer"


def test_a_certificate_that_is_taken_back_opens_nothing(house, club, ann):
    bob = club.sign("bob", "0x1a2c")
    assert get(house.closed_port, "/a.txt", "default.test", shows=bob).body == b"for all\n"
    with SecureVisitor(house.closed_port, shows=bob) as early:
        early.request("GET", "/a.txt")
        assert early.answer().status == 200
        club.revoke(bob)
        wait_until("the new list is taken over", lambda: "was taken over" in house.system_log())
        early.request("GET", "/a.txt")
        assert early.answer().status == 421
    refused(house, house.closed_port, "default.test", shows=bob)
    wait_until("the log says so", lambda: "refused: certificate revoked" in house.system_log())
    assert get(house.closed_port, "/a.txt", "default.test", shows=ann).status == 200
    refused(house, house.closed_port, "default.test")


def test_who_is_refused_again_and_again_does_not_fill_the_log(house):
    """The last of those of this house: for the rest of the minute no refusal is told."""
    before = house.system_log().count("of client 127.0.0.1 on port")
    for _ in range(30):
        refused(house, house.open_port, "members.test")
    wait_until("the log says so", lambda: "(further ones in this minute are not told)" in house.system_log())
    assert house.system_log().count("of client 127.0.0.1 on port") - before <= 20  # of two minutes at most


@pytest.mark.parametrize(
    ("binding", "host", "words"),
    [
        ("RequiredCA = DIR/club.crt", "", ["does not speak TLS sees no certificate"]),
        ("", "RequiredCA = DIR/club.crt", ["no Binding speaks TLS"]),
        ("TLScertFile = DIR/default.test.pem\nRequiredCA = DIR/none.crt", "", ["cannot read", "none.crt"]),
        ("TLScertFile = DIR/default.test.pem\nRequiredCA = DIR/club.key", "", ["there is no certificate in"]),
        ("TLScertFile = DIR/default.test.pem\nRequiredCA = DIR/club.crt, DIR/club.crt", "", ["no list of revoked"]),
        ("TLScertFile = DIR/default.test.pem", "RequiredCA = DIR/broken.crt", ["cannot be used: its certificates"]),
    ],
)
def test_faults_are_told(files, club, binding, host, words):
    (files / "broken.crt").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    house = House("clients-fault")
    house.section(secure_binding(house.port, binding.replace("DIR", str(files))))
    house.host("a.test", host.replace("DIR", str(files)))
    status, said = house.check()
    house.close()
    assert status == 1
    for word in words:
        assert word in said
