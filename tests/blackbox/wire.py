"""HTTP/1.1 as it goes over the wire: what is sent is exactly what a test says, what comes is read strictly."""
import socket


class BadAnswer(AssertionError):
    pass


class Answer:
    def __init__(self, status, phrase, fields):
        self.status = status
        self.phrase = phrase
        self.fields = fields  # [(name in lower case, value)]
        self.body = b""
        self.interim = []  # status codes of 1xx answers before it
        self.hints = []  # their fields, as those of the answer
        self.trailers = []  # fields behind the body
        self.complete = True  # the body ended as its framing said

    def __getitem__(self, name):
        """The value of a field that occurs at most once."""
        values = self.all(name)
        if len(values) > 1:
            raise BadAnswer(f"{name} occurs {len(values)} times")
        return values[0] if values else None

    def all(self, name):
        return [value for other, value in self.fields if other == name.lower()]

    @property
    def text(self):
        return self.body.decode("utf-8", "surrogateescape")

    def facts(self, prefix):
        """Lines 'PREFIX.NAME=value' of the body as a dictionary."""
        found = {}
        for line in self.text.splitlines():
            name, mark, value = line.partition("=")
            if mark and name.startswith(prefix + "."):
                found[name.removeprefix(prefix + ".")] = value
        return found

    def fact(self, name):
        for line in self.text.splitlines():
            if line.startswith(name + "="):
                return line.removeprefix(name + "=")
        return None

    def __repr__(self):
        return f"<{self.status} {self.fields} {self.body[:300]!r}>"


LITTLE_ROOM = 4096


def slow_socket(port, timeout_s):
    """Connected, with little room for what comes, so that much of an answer has to wait at the server's."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LITTLE_ROOM)
    made.settimeout(timeout_s)
    made.connect(("127.0.0.1", port))
    return made


class Visitor:
    """One connection. `slow`: see slow_socket()."""

    def __init__(self, port, timeout_s=10.0, address="127.0.0.1", source="", slow=False):
        if slow:
            self.socket = slow_socket(port, timeout_s)
        else:
            self.socket = socket.create_connection((address, port), timeout_s, (source, 0) if source else None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""  # received, not yet read
        self.ended = False
        self.was_reset = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Leaves without a good-bye."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    # ---- out ----

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def request(self, method, target, host="default.test", fields=(), body=None, version="1.1"):
        lines = [f"{method} {target} HTTP/{version}"]
        if host is not None:
            lines.append(f"Host: {host}")
        lines.extend(f"{name}: {value}" for name, value in fields)
        if body is not None and not any(name.lower() == "transfer-encoding" for name, _ in fields):
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines) + "\r\n\r\n")
        if body:
            self.send(body)

    # ---- in ----

    def _more(self):
        if self.ended:
            return False
        try:
            data = self.socket.recv(262144)
        except ConnectionResetError:
            data = b""
            self.was_reset = True
        self.ended = not data
        self.data += data
        return not self.ended

    def _line(self):
        while b"\n" not in self.data:
            if not self._more():
                raise ConnectionError(f"end of connection within a head, after {self.data!r}")
        line, _, self.data = self.data.partition(b"\n")
        if not line.endswith(b"\r"):
            raise BadAnswer(f"bare LF in a head: {line!r}")
        if b"\r" in line[:-1] or b"\0" in line:
            raise BadAnswer(f"CR or NUL within a line: {line!r}")
        return line[:-1].decode("latin-1")

    def _bytes(self, count):
        """Exactly so many, or fewer at the end of the connection."""
        parts = [self.data[:count]]
        got = len(parts[0])
        self.data = self.data[count:]
        while got < count:
            self.data = b""
            if not self._more():
                break
            part = self.data[: count - got]
            self.data = self.data[count - got :]
            parts.append(part)
            got += len(part)
        return b"".join(parts)

    def head(self):
        version, status, phrase = (self._line() + " ").split(" ", 2)
        if version != "HTTP/1.1":
            raise BadAnswer(f"version is {version}")
        answer = Answer(int(status), phrase.strip(), [])
        while line := self._line():
            answer.fields.append(self._field(line))
        return answer

    def answer(self, method="GET"):
        """A whole answer; interim ones are noted in it."""
        before = []
        answer = self.head()
        while 100 <= answer.status < 200:
            before.append(answer)
            answer = self.head()
        answer.interim = [other.status for other in before]
        answer.hints = [field for other in before for field in other.fields]
        self._check_framing(answer)
        self.body_of(answer, method)
        return answer

    @staticmethod
    def _check_framing(answer):
        if answer["date"] is None:
            raise BadAnswer("no Date")
        if answer["content-length"] is not None and answer["transfer-encoding"] is not None:
            raise BadAnswer("Content-Length with Transfer-Encoding")

    def body_of(self, answer, method="GET"):
        if method == "HEAD" or answer.status in (204, 304):
            if answer["transfer-encoding"] and answer.status in (204,):
                raise BadAnswer("Transfer-Encoding with 204")
        elif answer["transfer-encoding"] is not None:
            if answer["transfer-encoding"] != "chunked":
                raise BadAnswer(f"coding {answer['transfer-encoding']}")
            answer.body, answer.complete = self._chunks(answer.trailers)
        elif answer["content-length"] is not None:
            length = int(answer["content-length"])
            answer.body = self._bytes(length)
            answer.complete = len(answer.body) == length
        else:
            answer.body = self.rest()
            answer.complete = not self.was_reset

    def _field(self, line):
        name, colon, value = line.partition(":")
        if not colon or name != name.strip():
            raise BadAnswer(f"no field line: {line!r}")
        return name.lower(), value.strip()

    def _chunks(self, trailers):
        body = []
        try:
            while True:
                size = int(self._line().partition(";")[0], 16)
                if size == 0:
                    while line := self._line():
                        trailers.append(self._field(line))
                    return b"".join(body), True
                data = self._bytes(size)
                body.append(data)
                if len(data) < size:
                    return b"".join(body), False
                if self._line() != "":
                    raise BadAnswer("a chunk is longer than its size")
        except ConnectionError:
            return b"".join(body), False

    def rest(self):
        """All until the end of the connection."""
        parts = [self.data]
        self.data = b""
        while self._more():
            parts.append(self.data)
            self.data = b""
        return b"".join(parts)

    def first_bytes(self, count):
        """At least so many bytes of what comes, without taking them."""
        while len(self.data) < count:
            if not self._more():
                raise ConnectionError(f"end of connection after {self.data!r}")
        return self.data

    def is_at_end(self):
        """The other side closed, and nothing more came."""
        return not self.data and not self._more()
