"""A tiny authoritative DNS server on loopback: records that a test sets, and ways to misbehave."""
import socket
import struct
import threading

A, AAAA, SRV = 1, 28, 33
NXDOMAIN = 3


def name_bytes(name):
    labels = [label for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


class Dns:
    """`records`: (name, type) -> list of data. `fault`: None, "silent", "garbage", "cut" or "truncated"."""

    def __init__(self, ttl=1, address="127.0.0.1"):
        self.address = address
        self.family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.ttl = ttl
        self.fault = None
        self.asked = []  # (name, type, "udp" or "tcp")
        self.records = {}
        self.lock = threading.Lock()

    def __enter__(self):
        self.tcp = socket.create_server((self.address, 0), family=self.family)
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(self.family, socket.SOCK_DGRAM)
        self.udp.bind((self.address, self.port))
        self.threads = [threading.Thread(target=run, daemon=True) for run in (self._serve_udp, self._serve_tcp)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.tcp.shutdown(socket.SHUT_RDWR)
        self.udp.sendto(b"", (self.address, self.port))  # wakes the thread, which then ends
        for thread in self.threads:
            thread.join(5)
        self.tcp.close()
        self.udp.close()

    @property
    def option(self):
        return f"Nameserver = [{self.address}]:{self.port}" if ":" in self.address else f"Nameserver = {self.address}:{self.port}"

    # ---- what it knows ----

    def hosts(self, name, *addresses):
        """The addresses of a name, in place of the former."""
        with self.lock:
            self.records[name, A] = [socket.inet_aton(a) for a in addresses if ":" not in a]
            self.records[name, AAAA] = [socket.inet_pton(socket.AF_INET6, a) for a in addresses if ":" in a]

    def services(self, name, *services):
        """(priority, weight, port, host)"""
        with self.lock:
            self.records[name, SRV] = [struct.pack("!HHH", *s[:3]) + name_bytes(s[3]) for s in services]

    def forget(self, name):
        with self.lock:
            for key in [key for key in self.records if key[0] == name]:
                del self.records[key]

    def count(self, name):
        with self.lock:
            return sum(1 for asked in self.asked if asked[0] == name)

    # ---- answers ----

    def answer(self, question, how):
        at = 12
        labels = []
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        (kind,) = struct.unpack("!H", question[at + 1:at + 3])
        name = ".".join(labels)
        with self.lock:
            self.asked.append((name, kind, how))
            known = any(key[0] == name for key in self.records)
            data = self.records.get((name, kind), [])
            fault = self.fault
        if fault == "silent":
            return None
        if fault == "garbage":
            return question[:2] + b"\x84\0\0\1\0\7\0\0\0\0" + question[12:at + 5] + b"\xc0\xff" * 20
        cut = fault == "truncated" and how == "udp"
        flags = 0x8400 | (0x0200 if cut else 0) | (0 if known else NXDOMAIN)
        head = question[:2] + struct.pack("!HHHHH", flags, 1, 0 if cut else len(data), 0, 0)
        whole = head + question[12:at + 5]
        if not cut:
            for one in data:
                whole += b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, self.ttl, len(one)) + one
        return whole[:-3] if fault == "cut" and data else whole

    def _serve_udp(self):
        while True:
            question, peer = self.udp.recvfrom(4096)
            if not question:
                return
            answer = self.answer(question, "udp")
            if answer:
                self.udp.sendto(answer, peer)

    def _serve_tcp(self):
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                size = connection.recv(2)
                if len(size) < 2:
                    continue
                question = connection.recv(struct.unpack("!H", size)[0])
                answer = self.answer(question, "tcp")
                if answer:
                    connection.sendall(struct.pack("!H", len(answer)) + answer)
