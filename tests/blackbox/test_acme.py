"""The protocol of certificates (RFC 8555) with a real authority."""
import subprocess

from house import BACKENDS
from pebble import Pebble


def obtain(authority, *names, roots=None):
    return subprocess.run([BACKENDS / "acme_once", authority.directory, roots or authority.roots, *names],
                          capture_output=True, text=True, timeout=60)


def openssl(text, *words):
    return subprocess.run(["openssl", *words], input=text, capture_output=True, text=True, check=True).stdout


def test_one_certificate_for_two_names_though_nonces_are_refused():
    with Pebble(believes=True, refuses=25) as authority:
        got = obtain(authority, "a.test", "www.a.test")
    assert got.returncode == 0, got.stderr
    names = openssl(got.stdout, "x509", "-noout", "-ext", "subjectAltName")
    assert "DNS:a.test" in names and "DNS:www.a.test" in names
    assert openssl(got.stdout, "pkey", "-pubout") == openssl(got.stdout, "x509", "-noout", "-pubkey")
    assert "NIST CURVE: P-256" in openssl(got.stdout, "x509", "-noout", "-text")
    assert got.stdout.count("-----BEGIN CERTIFICATE-----") == 2  # the chain, too


def test_an_authority_that_cannot_be_trusted_or_that_refuses_is_told_as_it_is():
    with Pebble(believes=True, refuses=0) as authority, Pebble() as other:
        got = obtain(authority, "a.test", roots=other.roots)
        assert got.returncode == 1 and got.stdout == ""
        assert "certificate" in got.stderr
        got = obtain(authority, "localhost.")
        assert got.returncode == 1 and got.stdout == ""
        assert "the authority says malformed:" in got.stderr
    got = obtain(authority, "a.test", roots="/dev/null")
    assert got.returncode == 1 and "connect" in got.stderr.lower()
