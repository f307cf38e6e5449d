"""HTTP/2 as it goes over the wire: a client by python3-h2, and frames by hand for what no client should send."""
import socket
import ssl
import struct

import h2.config
import h2.connection
import h2.events
import h2.settings
from wire import Answer

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, _, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, ACK = 1, 4, 1
ENHANCE_YOUR_CALM = 11
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def connect(port, secure, name, timeout_s):
    plain = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not secure:
        return plain
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    secured = context.wrap_socket(plain, server_hostname=name)
    assert secured.selected_alpn_protocol() == "h2"
    return secured


class H2Visitor:
    """One connection with many requests."""

    def __init__(self, port, secure=False, name="default.test", timeout_s=10.0, window=None):
        self.socket = connect(port, secure, name, timeout_s)
        self.scheme = "https" if secure else "http"
        self.name = name
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="latin-1"))
        self.h2.initiate_connection()
        if window is not None:
            self.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.answers = {}
        self.resets = {}  # error codes by stream
        self.goaway = None  # the error code of the last one
        self.ended = False
        self.unread = b""
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    # ---- out ----

    def _begin(self, head, end):
        stream = self.h2.get_next_available_stream_id()
        self.answers[stream] = Answer(0, "", [])
        self.answers[stream].complete = False
        self.h2.send_headers(stream, head, end_stream=end)
        self.flush()
        return stream

    def connect(self, authority, fields=()):
        """CONNECT as for any proxy (RFC 9113 8.5)."""
        head = [(":method", "CONNECT"), (":authority", authority)]
        self.h2.config.validate_outbound_headers = False  # python3-h2 misses scheme and path
        stream = self._begin(head + [(name.lower(), value) for name, value in fields], False)
        self.h2.config.validate_outbound_headers = True
        return stream

    def request(self, method, target, host=None, fields=(), body=None, end=True):
        head = [(":method", method), (":scheme", self.scheme), (":authority", host or self.name), (":path", target)]
        head.extend((name.lower(), value) for name, value in fields)
        if body is not None and not any(name == "content-length" for name, _ in head):
            head.append(("content-length", str(len(body))))
        stream = self._begin(head, body is None and end)
        if body is not None:
            self.send_body(stream, body, end)
        return stream

    def send_body(self, stream, body, end=True):
        """As the windows allow; stops when the stream has an end."""
        at = 0
        while at < len(body) and stream not in self.resets and not self.answers[stream].complete:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size, len(body) - at)
            if room == 0:
                self.listen()
                continue
            self.h2.send_data(stream, body[at : at + room])
            at += room
            self.flush()
        if at == len(body) and end:
            self.h2.end_stream(stream)
            self.flush()

    # ---- in ----

    def listen(self):
        """One read; what it brought is in the answers."""
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionResetError:
            data = b""
        if not data:
            self.ended = True
            return
        self.unread += data
        while whole := self._frame():
            for event in self.h2.receive_data(whole):
                self._take(event)
        self.flush()

    def _frame(self):
        """The next whole frame. GOAWAY is kept from python3-h2, to which it is the end whatever is still to come."""
        while len(self.unread) >= 9:
            size = 9 + int.from_bytes(self.unread[:3], "big")
            if len(self.unread) < size:
                return None
            whole, self.unread = self.unread[:size], self.unread[size:]
            if whole[3] != GOAWAY:
                return whole
            self.goaway = int.from_bytes(whole[13:17], "big")
        return None

    def _take(self, event):
        answer = self.answers.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.InformationalResponseReceived):
            answer.interim.append(int(event.headers[0][1]))
            answer.hints.extend(event.headers[1:])
        elif isinstance(event, h2.events.ResponseReceived):
            answer.status = int(event.headers[0][1])
            answer.fields = list(event.headers[1:])
        elif isinstance(event, h2.events.DataReceived):
            answer.body += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            answer.trailers.extend(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            answer.complete = True
        elif isinstance(event, h2.events.StreamReset):
            self.resets[event.stream_id] = event.error_code

    def answer(self, stream):
        """When it is whole, or its stream was reset."""
        answer = self.answers[stream]
        while not answer.complete and stream not in self.resets:
            assert not self.ended, f"the connection ended within {answer}"
            self.listen()
        return answer

    def get(self, target, method="GET", **more):
        return self.answer(self.request(method, target, **more))


class Frames:
    """Frames by hand."""

    def __init__(self, port, timeout_s=10.0):
        self.socket = connect(port, False, "", timeout_s)
        self.send(PREFACE + frame(SETTINGS))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """False: the other side has closed."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def last_error(self):
        """Reads to the end: the error code of the last GOAWAY, or None."""
        data = b""
        try:
            while more := self.socket.recv(1 << 16):
                data += more
        except ConnectionResetError:
            pass
        error = None
        while len(data) >= 9:
            length = int.from_bytes(data[:3], "big")
            if data[3] == GOAWAY and len(data) >= 17:
                error = int.from_bytes(data[13:17], "big")
            data = data[9 + length :]
        return error
