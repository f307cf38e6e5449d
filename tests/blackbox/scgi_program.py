"""An SCGI program as anybody might write it, with nothing but Python's standard library.

    scgi_program.py SOCKET

/echo gives the body back, /digest its SHA-256, /env the variables, /slow waits for a second before it answers, /big
N gives N bytes without a length, /send asks for a file by X-Sendfile.
"""
import hashlib
import os
import socketserver
import sys
import time


def read_head(stream):
    digits = b""
    while not digits.endswith(b":"):
        byte = stream.read(1)
        if not byte:
            return None
        digits += byte
    head = stream.read(int(digits[:-1]))
    assert stream.read(1) == b","
    words = head.split(b"\0")
    assert words.pop() == b"" and len(words) % 2 == 0
    names, values = words[::2], words[1::2]
    assert names[0] == b"CONTENT_LENGTH" and (names[1], values[1]) == (b"SCGI", b"1")
    assert len(set(names)) == len(names), "a variable is told twice"
    return dict(zip(names, values))


class Program(socketserver.StreamRequestHandler):
    def handle(self):
        variables = read_head(self.rfile)
        if variables is None:
            return
        left = int(variables[b"CONTENT_LENGTH"])
        path = variables[b"REQUEST_URI"].partition(b"?")[0]
        if path == b"/digest":
            digest = hashlib.sha256()
            while left and (piece := self.rfile.read(min(left, 65536))):
                digest.update(piece)
                left -= len(piece)
            self.answer(digest.hexdigest().encode())
        elif path == b"/echo":
            self.answer(self.rfile.read(left))
        elif path == b"/env":
            self.answer(b"".join(name + b"=" + value + b"\n" for name, value in variables.items()))
        elif path == b"/slow":
            time.sleep(1)
            self.answer(b"slow")
        elif path == b"/big":
            self.wfile.write(b"Content-Type: text/plain\r\n\r\n")
            left = int(variables[b"QUERY_STRING"])
            while left:
                piece = min(left, 65536)
                self.wfile.write(b"b" * piece)
                left -= piece
        elif path == b"/send":
            self.wfile.write(b"Content-Type: text/x-sent\r\nX-Sendfile: " + variables[b"DOCUMENT_ROOT"] + b"/sent.txt\r\n\r\n")
        else:
            self.wfile.write(b"Status: 404 No such thing\r\nContent-Type: text/plain\r\n\r\n")

    def answer(self, body):
        self.wfile.write(b"Content-Type: text/plain\r\n\r\n" + body)


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


if __name__ == "__main__":
    with Server(sys.argv[1], Program) as server:
        os.chmod(sys.argv[1], 0o666)
        server.serve_forever()
