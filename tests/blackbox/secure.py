"""TLS clients and certificates for tests."""
import ssl
import subprocess

from wire import Visitor


class SecureVisitor(Visitor):
    """One connection by TLS."""

    def __init__(self, port, name="default.test", session=None, version=None, timeout_s=10.0):
        super().__init__(port, timeout_s)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if version:
            context.minimum_version = context.maximum_version = version
        self.socket = context.wrap_socket(self.socket, server_hostname=name, session=session)

    def peer_names(self):
        der = self.socket.getpeercert(binary_form=True)
        text = subprocess.run(
            ["openssl", "x509", "-inform", "DER", "-noout", "-subject"], input=der, capture_output=True, check=True
        ).stdout.decode()
        return text.strip().rpartition("=")[2].strip()


def make_certificate(folder, name, kind=("ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
    """FOLDER/NAME.pem with both, NAME.crt and NAME.key."""
    certificate, key, both = (folder / f"{name}.{ending}" for ending in ("crt", "key", "pem"))
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-newkey", *kind, "-days", "2", "-subj", f"/CN={name}", "-keyout", key,
         "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    both.chmod(0o600)
    key.chmod(0o600)
    return both


def secure_binding(port, words):
    return f"Binding {{\n  Port = {port}\n  Interface = 127.0.0.1\n  MaxRequestSize = 64M\n{words}\n}}"
