"""TLS clients and certificates for tests."""
import os
import pathlib
import ssl
import subprocess

from again import Again
from wire import Visitor


class SecureVisitor(Visitor):
    """One connection by TLS."""

    def __init__(self, port, name="default.test", session=None, version=None, timeout_s=10.0, shows=None, slow=False):
        super().__init__(port, timeout_s, slow=slow)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if version:
            context.minimum_version = context.maximum_version = version
        if shows:
            context.load_cert_chain(shows)
        self.socket = context.wrap_socket(self.socket, server_hostname=name, session=session)

    def peer_names(self):
        der = self.socket.getpeercert(binary_form=True)
        text = subprocess.run(
            ["openssl", "x509", "-inform", "DER", "-noout", "-subject"], input=der, capture_output=True, check=True
        ).stdout.decode()
        return text.strip().rpartition("=")[2].strip()


def ends_well(visitor):
    """The server has said the end: without that, Python's ssl complains."""
    visitor.socket.suppress_ragged_eofs = False
    return visitor.socket.recv(1) == b""


class SlowClient(SecureVisitor):
    """One that lets answers wait."""

    def __init__(self, port):
        super().__init__(port, timeout_s=60, slow=True)

    def ask(self, target, size, connection):
        self.request("GET", target, fields=[("Range", f"bytes=0-{size - 1}"), ("Connection", connection)])
        self.size = size

    def queued(self, port):
        """Bytes between the server and this client."""
        ours = f":{self.socket.getsockname()[1]:04X}"
        lines = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()]
        return sum(
            sum(int(queue, 16) for queue in line[4].split(":"))
            for line in lines
            if ours in (line[1][8:], line[2][8:]) and f":{port:04X}" in (line[1][8:], line[2][8:])
        )


def make_certificate(folder, name, kind=("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), more=()):
    """FOLDER/NAME.pem with both, NAME.crt and NAME.key."""
    certificate, key, both = (folder / f"{name}.{ending}" for ending in ("crt", "key", "pem"))
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-newkey", *kind, "-days", "2", "-subj", f"/CN={name}", "-keyout", key,
         "-out", certificate, *more],
        check=True, capture_output=True,
    )  # fmt: skip
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    both.chmod(0o600)
    key.chmod(0o600)
    return both


def shown_by(certificate):
    """What a client is shown of a certificate in a file: its bytes."""
    text = certificate.read_text()
    return ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN CERTIFICATE") :])


class Handshakes(Again):
    """Clients who shake hands, ask once and leave, again and again; `failures` should be empty in the end."""

    def __init__(self, port, target, body, count=6, name="default.test"):
        self.port, self.name, self.target, self.body = port, name, target, body
        self.last = [None] * count  # the certificate that each was shown last
        self.seen = set()
        self.done = [0] * count
        self.failures = []
        super().__init__(count)

    def all_see(self, certificate):
        return set(self.last) == {certificate}

    def _visit(self, number):
        while not self.ended.is_set():
            try:
                self._ask(number)
            except (OSError, AssertionError) as error:
                self.failures.append(repr(error))

    def _ask(self, number):
        with SecureVisitor(self.port, self.name, timeout_s=30) as visitor:
            shown = visitor.socket.getpeercert(binary_form=True)
            visitor.request("GET", self.target, host=self.name)
            answer = visitor.answer()
        assert (answer.status, answer.body) == (200, self.body), answer
        self.seen.add(shown)
        self.last[number] = shown
        self.done[number] += 1


def secure_binding(port, words):
    return f"Binding {{\n  Port = {port}\n  Interface = 127.0.0.1\n  MaxRequestSize = 64M\n{words}\n}}"


class Authority:
    """Signs certificates of clients, and takes them back."""

    def __init__(self, folder, name):
        self.folder = folder
        self.name = name
        make_certificate(folder, name)
        self.certificate, self.revoked = folder / f"{name}.crt", folder / f"{name}.crl"
        self.key = folder / f"{name}.key"
        (folder / f"{name}.index").touch()
        (folder / f"{name}.conf").write_text(
            f"[ca]\ndefault_ca = this\n[this]\ndatabase = {folder}/{name}.index\ndefault_md = sha256\n"
            "default_crl_days = 2\n"
        )
        self.tell_revoked()

    def sign(self, name, serial="0x1a2b", extensions=""):
        """FOLDER/NAME.pem with key and certificate."""
        request, both = self.folder / f"{name}.csr", self.folder / f"{name}.pem"
        self._run("req", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", f"/O=Club/CN={name}",
                  "-keyout", both, "-out", request)  # fmt: skip
        more = self.folder / f"{name}.ext"
        more.write_text(extensions)
        done = self._run("x509", "-req", "-days", "2", "-in", request, "-CA", self.certificate, "-CAkey", self.key,
                         "-set_serial", serial, "-extfile", more)  # fmt: skip
        both.write_bytes(both.read_bytes() + done.stdout)
        return both

    def revoke(self, certificate):
        self._ca("-revoke", certificate)
        self.tell_revoked()

    def tell_revoked(self, *more):
        self._ca("-gencrl", "-out", self.folder / "new.crl", *more)
        (self.folder / "new.crl").rename(self.revoked)

    def answer(self, serial, out, status="V"):
        """What it says of a certificate when it is asked (OCSP), in a file."""
        revoked = "200101000000Z" if status == "R" else ""
        index = self.folder / f"{self.name}.said"
        index.write_text(f"{status}\t400101000000Z\t{revoked}\t{serial}\tunknown\t/CN=it\n")
        self._run("ocsp", "-index", index, "-CA", self.certificate, "-rsigner", self.certificate, "-rkey", self.key,
                  "-issuer", self.certificate, "-serial", f"0x{serial}", "-ndays", "2", "-respout", f"{out}.new")  # fmt: skip
        os.rename(f"{out}.new", out)

    def _ca(self, *words):
        self._run("ca", "-config", self.folder / f"{self.name}.conf", "-cert", self.certificate, "-keyfile", self.key,
                  *words)  # fmt: skip

    def _run(self, *words):
        return subprocess.run(["openssl", *words], check=True, capture_output=True)
