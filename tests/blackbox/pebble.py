"""A certificate authority of its own for a test: pebble, which checks every signature and every nonce."""
import contextlib
import json
import os
import shutil
import socket
import subprocess

from house import free_port, open_folder, wait_until


def _answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class Pebble:
    """`believes`: it takes every proof for good. `refuses`: so many of a hundred good nonces.

    `http_port`, `tls_port`: where it looks for proofs; `dns`: whom it asks about names; `life_s`: how long its certificates hold;
    `ocsp`: the URL of the responder that they name.
    """

    def __init__(self, believes=False, refuses=5, http_port=5002, tls_port=5001, dns=None, life_s=None, port=None, ocsp=None):
        self.http_port, self.tls_port = http_port, tls_port
        self.words = ["-dnsserver", f"127.0.0.1:{dns.port}"] if dns else []
        self.life = {"certificateValidityPeriod": life_s} if life_s else {}
        self.responder = {"ocspResponderURL": ocsp} if ocsp else {}
        self.port = port or free_port()
        self.environment = dict(os.environ, PEBBLE_VA_NOSLEEP="1", PEBBLE_WFE_NONCEREJECT=str(refuses))
        if believes:
            self.environment["PEBBLE_VA_ALWAYS_VALID"] = "1"

    def __enter__(self):
        self.folder = open_folder("pebble")
        self.directory = f"https://localhost:{self.port}/dir"
        self.roots = self.folder / "ca.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", self.folder / "key.pem", "-out", self.roots, "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        (self.folder / "pebble.json").write_text(json.dumps({"pebble": {
            "listenAddress": f"127.0.0.1:{self.port}",
            "certificate": str(self.roots),
            "privateKey": str(self.folder / "key.pem"),
            "httpPort": self.http_port,
            "tlsPort": self.tls_port,
            **self.life,
            **self.responder,
        }}))
        self.process = subprocess.Popen(["pebble", "-config", self.folder / "pebble.json", "-strict", *self.words],
                                        env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until("pebble answers", lambda: _answers(self.port), deadline_s=15)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder)
