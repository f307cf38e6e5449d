"""A responder of OCSP on loopback: what it says is what `openssl ocsp` says by the index of its authority."""
import contextlib
import http.server
import subprocess
import threading


class Responder:
    """`says` is bytes to answer with in place of what is true, `status` that of HTTP."""

    def __init__(self, authority, port, life=("-ndays", "2")):
        self.authority, self.port, self.life = authority, port, life
        self.status, self.says = 200, None
        self.asked = []
        self._server = None

    def start(self):
        responder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                request = self.rfile.read(int(self.headers["Content-Length"]))
                answer = responder.says if responder.says is not None else responder.answer(request)
                responder.asked.append((self.path, self.headers["Content-Type"], request))
                self.send_response(responder.status)
                self.send_header("Content-Type", "application/ocsp-response")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *words):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def index(self, **of_serials):
        """`x77="V"`: the certificate of that serial is good, "R": it is revoked."""
        lines = [
            f"{status}\t400101000000Z\t{'200101000000Z' if status == 'R' else ''}\t{serial[1:]}\tunknown\t/CN=it\n"
            for serial, status in of_serials.items()
        ]
        self.file.write_text("".join(lines))

    @property
    def file(self):
        return self.authority.folder / "responder.index"

    def answer(self, request):
        folder, authority = self.authority.folder, self.authority
        name = folder / f"asked-{len(self.asked)}"
        name.write_bytes(request)
        subprocess.run(
            ["openssl", "ocsp", "-index", self.file, "-CA", authority.certificate, "-rsigner", authority.certificate,
             "-rkey", authority.key, "-reqin", name, "-respout", f"{name}.out", *self.life],
            check=True, capture_output=True,
        )  # fmt: skip
        with open(f"{name}.out", "rb") as out:
            return out.read()


@contextlib.contextmanager
def responding(responder):
    responder.start()
    try:
        yield responder
    finally:
        responder.stop()
