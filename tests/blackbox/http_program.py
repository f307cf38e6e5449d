"""An HTTP/1.1 application of Python's standard library, on a unix socket."""
import base64
import hashlib
import http.server
import socketserver
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    connections = 0
    counted = 0

    def address_string(self):
        return "-"

    def log_message(self, *_):
        pass

    def setup(self):
        super().setup()
        Handler.connections += 1

    def whole(self, body, kind="text/plain"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def in_chunks(self, size):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while size > 0:
            part = b"x" * min(size, 100000)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            size -= len(part)
        self.wfile.write(b"0\r\n\r\n")

    def with_trailers(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Trailer", "X-Sum, Content-Digest, Set-Cookie")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(body), body) if body else b"")
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        behind = f"X-Sum: {len(body)}\r\nContent-Digest: sha-256=:{digest}:\r\nSet-Cookie: a=b\r\nX-TE: {self.headers['TE']}"
        self.wfile.write(f"0\r\n{behind}\r\n\r\n".encode())

    def count(self, path):
        """How many such answers there were; X-Say is a field that it has, in place of the usual one."""
        Handler.counted += 1
        body = f"run {Handler.counted}".encode()
        name, _, value = (self.headers["X-Say"] or "X-Nothing: 1").partition(": ")
        fields = {"Content-Type": "text/javascript" if path.endswith("JS") else "text/css", name: value}
        if name != "Connection":
            fields.setdefault("Content-Length", str(len(body)))
        self.send_response(200)
        for field in fields.items():
            self.send_header(*field)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.close_connection |= name in ("Connection", "Content-Length")

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/told":
            self.whole(f"{self.requestline}\n{self.headers}".encode())
        elif path == "/connections":
            self.whole(str(Handler.connections).encode())
        elif path.startswith("/count/"):
            self.count(path)
        elif path == "/trailers":
            self.with_trailers(b"x" * int(query))
        elif path == "/chunks":
            self.in_chunks(int(query))
        else:
            self.send_error(404, "No such thing")

    do_HEAD = do_GET

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.whole(hashlib.sha256(body).hexdigest().encode() if self.path == "/digest" else body)


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


Server(sys.argv[1], Handler).serve_forever()
