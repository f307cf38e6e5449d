"""A FastCGI application under the thumb of a test: it says the bytes it is told to, when it is told to, and
remembers exactly what it heard. It reads as strictly as PHP does."""
import array
import contextlib
import fcntl
import select
import shutil
import socket
import struct
import termios
import threading
import time

from house import open_folder, wait_until

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR, DATA, GET_VALUES, _, UNKNOWN_TYPE = range(1, 12)
COMPLETE, CANT_MULTIPLEX, OVERLOADED, UNKNOWN_ROLE = range(4)
RECORD_MOST = 65535


# ---- bytes ----


def record(kind, content=b"", request=1, padding=0, version=1):
    return struct.pack("!BBHHBB", version, kind, request, len(content), padding, 0) + content + bytes(padding)


def out(content, **more):
    return record(STDOUT, content, **more)


def err(content, **more):
    return record(STDERR, content, **more)


def end(status=COMPLETE, app_status=0):
    return record(END, struct.pack("!IB3x", app_status, status))


def records_of(kind, content, size):
    """A stream as records of `size` bytes."""
    return b"".join(record(kind, content[at : at + size]) for at in range(0, len(content), size))


def _length(content, at):
    first = content[at]
    if first < 0x80:
        return first, at + 1
    return struct.unpack_from("!I", content, at)[0] & 0x7FFFFFFF, at + 4


def pairs_of(content):
    """The pairs of one PARAMS record. One that goes on in the next record is an error, as it is for PHP."""
    pairs, at = [], 0
    while at < len(content):
        name_len, at = _length(content, at)
        value_len, at = _length(content, at)
        assert at + name_len + value_len <= len(content), "a pair straddles two PARAMS records"
        pairs.append((content[at : at + name_len], content[at + name_len : at + name_len + value_len]))
        at += name_len + value_len
    return pairs


class HungUp(Exception):
    """The house closed the connection."""


class Talk:
    """One connection of the house."""

    def __init__(self, connection):
        self.socket = connection
        self.records = []  # (type, content, padding)
        self.pairs = []
        self.body = b""
        self.keep = False

    # ---- hearing ----

    def _exactly(self, count):
        data = bytearray()
        while len(data) < count:
            try:
                piece = self.socket.recv(count - len(data))
            except ConnectionResetError:
                piece = b""
            if not piece:
                raise HungUp
            data += piece
        return bytes(data)

    def read_record(self):
        version, kind, request, length, padding, _ = struct.unpack("!BBHHBB", self._exactly(8))
        content = self._exactly(length)
        assert (version, request) == (1, 1)
        assert length + padding <= RECORD_MOST, "content and padding are more than PHP takes"
        assert self._exactly(padding) == bytes(padding), "padding is not zeros"
        self.records.append((kind, content, padding))
        return kind, content

    def read_params(self):
        """BEGIN_REQUEST and all PARAMS; what was heard of an earlier request is forgotten."""
        self.records, self.pairs, self.body = [], [], b""
        kind, content = self.read_record()
        role, flags = struct.unpack("!HB5x", content)
        assert (kind, role) == (BEGIN, 1)
        self.keep = bool(flags & 1)
        while True:
            kind, content = self.read_record()
            assert kind == PARAMS
            if not content:
                return self
            self.pairs += pairs_of(content)

    def read_request(self):
        self.read_params()
        parts = []
        while True:
            kind, content = self.read_record()
            assert kind == STDIN
            if not content:
                self.body = b"".join(parts)
                return self
            parts.append(content)

    def param(self, name):
        found = [value for other, value in self.pairs if other == name.encode()]
        assert len(found) <= 1, f"{name} is told {len(found)} times"
        return found[0].decode("utf-8", "surrogateescape") if found else None

    def waits_for_hangup(self, deadline_s=10.0):
        """Seconds until the house hung up; what it still sends is thrown away."""
        begun = time.monotonic()
        poll = select.poll()
        poll.register(self.socket, select.POLLIN | select.POLLRDHUP)
        while time.monotonic() < begun + deadline_s:
            poll.poll(100)
            with contextlib.suppress(BlockingIOError):
                try:
                    if not self.socket.recv(262144, socket.MSG_DONTWAIT):
                        break
                except ConnectionResetError:
                    break
        else:
            raise AssertionError(f"the house holds the connection for {deadline_s} s")
        return time.monotonic() - begun

    # ---- saying ----

    def say(self, *parts):
        try:
            self.socket.sendall(b"".join(parts))
        except (BrokenPipeError, ConnectionResetError):
            raise HungUp from None

    def settle(self):
        """Waits until the house has taken all that was said: what follows comes alone."""
        left = array.array("i", [1])

        def is_taken():
            fcntl.ioctl(self.socket, termios.TIOCOUTQ, left)
            return left[0] == 0

        wait_until("the house to read what was said", is_taken)

    def say_apart(self, data, *cuts):
        """Says it in pieces that never meet in the house's buffer."""
        edges = [0, *cuts, len(data)]
        for begin, finish in zip(edges, edges[1:]):
            self.say(data[begin:finish])
            self.settle()

    def say_bytes(self, data):
        self.say_apart(data, *range(1, len(data)))

    def close(self):
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class FaultBackend:
    """Listens on a unix socket and on a port of the loopback; `act(talk)` plays each connection."""

    talk = Talk

    def __init__(self):
        self.folder = open_folder("fault")
        self.socket = self.folder / "socket"
        self.act = None
        self.talks = []  # of the connections since the last act()
        self.wrongs = []  # what the house did wrong
        self.listeners = [socket.socket(socket.AF_UNIX), socket.create_server(("127.0.0.1", 0))]
        self.listeners[0].bind(str(self.socket))
        self.listeners[0].listen(64)
        self.socket.chmod(0o666)
        self.port = self.listeners[1].getsockname()[1]
        self.running = 0
        self.lock = threading.Lock()

    def __enter__(self):
        for listener in self.listeners:
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return self

    def __exit__(self, *_):
        for listener in self.listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        shutil.rmtree(self.folder)

    def plays(self, act):
        """From now on; what was heard before is forgotten."""
        self.wait_until_quiet()
        self.talks = []
        self.act = act

    def wait_until_quiet(self):
        """All connections are over; whatever the house did wrong is told here."""
        wait_until("the backend to have played its acts", lambda: self.running == 0, 15)
        wrongs, self.wrongs = self.wrongs, []
        assert not wrongs, wrongs

    @property
    def last(self):
        return self.talks[-1]

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                self.running += 1
            threading.Thread(target=self._play, args=(connection,), daemon=True).start()

    def _play(self, connection):
        connection.settimeout(20)
        if connection.family == socket.AF_INET:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        talk = self.talk(connection)
        self.talks.append(talk)
        try:
            with connection:
                self.act(talk)
        except HungUp:
            pass
        except Exception as wrong:  # told to the test by wait_until_quiet()
            self.wrongs.append(f"{type(wrong).__name__}: {wrong}")
        finally:
            with self.lock:
                self.running -= 1
