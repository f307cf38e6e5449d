"""What `longhouse check` and `doctor` say about certificates that can be used, and should not be as they are."""
import subprocess

import pytest

from house import House, open_folder
from secure import Authority, make_certificate, secure_binding


@pytest.fixture(scope="module")
def files():
    folder = open_folder("check")
    make_certificate(folder, "default.test")
    make_certificate(folder, "staple.test", more=("-addext", "tlsfeature=status_request"))
    authority = Authority(folder, "authority")
    leaf = authority.sign("leaf.test").read_bytes()
    root, other = authority.certificate.read_bytes(), (folder / "default.test.crt").read_bytes()
    for name, content in (("short", leaf), ("whole", leaf + root), ("mixed", leaf + other + root), ("open", leaf + root)):
        (folder / f"{name}.pem").write_bytes(content)
        (folder / f"{name}.pem").chmod(0o644 if name == "open" else 0o600)
    yield folder
    subprocess.run(["rm", "-rf", folder], check=True)


def said_about(files, verb, certificate, host=""):
    house = House("check")
    house.section(secure_binding(house.port, f"TLScertFile = {files}/{certificate}"))
    house.host("leaf.test", host)
    house.write_config()
    _, output, errors = house.verb(verb)
    house.close()
    return output + errors


@pytest.mark.parametrize(
    ("certificate", "host", "words"),
    [
        ("short.pem", "", "its chain ends too early: '/CN=authority' is not in it"),
        ("mixed.pem", "", "certificate 1 in it was not signed by the next one"),
        ("staple.test.pem", "", "wants to be stapled (must-staple)"),
        ("open.pem", "", "everybody on this machine may read the private key"),
        ("default.test.pem", "RequireTLS = yes", "the host wants TLS, and no certificate is for 'leaf.test'"),
    ],
)
def test_a_warning(files, certificate, host, words):
    said = said_about(files, "check", certificate, host)
    assert words in said and "warning" in said


def test_nothing_is_said_about_a_good_one(files):
    said = said_about(files, "check", "whole.pem", "RequireTLS = yes")
    assert "chain" not in said and "staple" not in said and "read the private key" not in said and "wants TLS" not in said


def test_a_list_of_revoked_certificates_that_has_run_out(files):
    old = Authority(files, "old")
    binding = f"whole.pem\nRequiredCA = {old.certificate}, {old.revoked}"
    assert "has run out" not in said_about(files, "check", binding)
    old.tell_revoked("-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20200201000000Z")
    assert "old.crl' has run out: every client is refused" in said_about(files, "check", binding)


def test_what_is_stapled(files):
    authority = Authority(files, "stapler")
    chain = files / "stapled.pem"
    chain.write_bytes(authority.sign("leaf.test", "0x77").read_bytes() + authority.certificate.read_bytes())
    chain.chmod(0o600)
    binding = f"stapled.pem\nTLSstapleFile = {files}/answer"
    assert "cannot read" in said_about(files, "check", binding)
    authority.answer("77", files / "answer")
    for verb in ("check", "doctor"):
        assert "stapled to" not in said_about(files, verb, binding) and "not stapled" not in said_about(files, verb, binding)
    authority.answer("77", files / "answer", status="R")
    assert "answer' is not stapled: it says that the certificate is revoked" in said_about(files, "check", binding)
    assert "is not stapled to" in said_about(files, "doctor", binding)
    assert "TLSstapleFile names 2 files, and TLScertFile 1" in said_about(files, "check", f"{binding}, {files}/answer")


def test_the_doctor_says_it_too(files):
    assert "its chain ends too early" in said_about(files, "doctor", "short.pem")
    assert "it wants to be stapled" in said_about(files, "doctor", "staple.test.pem")


def test_the_doctor_says_who_enciphers(files):
    assert "KernelTLS: " in said_about(files, "doctor", "staple.test.pem")
    assert "KernelTLS: " not in said_about(files, "check", "staple.test.pem")
