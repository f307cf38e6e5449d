"""What the servers are asked to do, and how it is measured: once with one server is one `measure()`."""
import dataclasses
import re
import socket
import ssl
import subprocess

from servers import LOAD_CORE, Peak, Repeating, Signing, allow_descriptors, pinned

UPLOAD = """
wrk.method = "POST"
wrk.body = string.rep("a", 1024 * 1024)
"""

SLOW_CLIENTS = 1_000
SLOW_EVERY_S, SLOW_BYTES = 0.2, 1024  # each takes so many bytes so often

IDLE_FIRST = 200
IDLE_CONNECTIONS = 8_000  # twice as many descriptors are what a usual limit allows

GATEWAYS = ("longhouse", "bare", "lighttpd", "nginx", "apache", "merecat")
FILES = ("longhouse", "bare", "nginx", "lighttpd", "h2o", "caddy", "apache", "merecat")
FASTCGI = ("longhouse", "bare", "nginx", "lighttpd", "h2o")
KEPT = ("longhouse", "bare", "nginx")
# Not nginx: of its clients it serves as many as there are children, with connections that it keeps; the others wait in
# php-fpm's queue for as long as the first go on asking.
PHP_KEPT = ("longhouse", "bare", "lighttpd", "h2o")
SPOKEN = ("longhouse", "nginx", "lighttpd", "h2o", "caddy")  # TLS


@dataclasses.dataclass
class Workload:
    title: str
    path: str
    connections: int
    servers: tuple
    close: bool = False  # a connection for each request
    upload: bool = False
    kept_path: str = ""  # the same where connections to the application are kept, for those who can
    tls: bool = False
    streams: int = 0  # requests at once on a connection: HTTP/2
    seconds: int = 1  # at least, so that each client has several answers
    fields: tuple = ()  # of the request, beside those that it cannot be without
    slow: int = 0  # clients beside it who take a large file slowly
    aim: str = ""  # "1.25 bare": what Longhouse may cost at most, beside whom

    @property
    def unit(self):
        return "bytes a connection" if self.path is None else "us CPU a request"


WORKLOADS = {
    # the first, and once: what a server has been given it keeps for the next connection
    "idle-8k": Workload(
        "8,000 idle connections", None, IDLE_CONNECTIONS, ("longhouse", "nginx", "lighttpd", "h2o"), aim="1.0 nginx"
    ),
    "idle-tls-2k": Workload(
        "2,000 idle connections, TLS 1.3", None, 2000, ("longhouse", "nginx", "lighttpd", "h2o"), tls=True, aim="1.0 nginx"
    ),
    "static-1k": Workload("File of 1 KiB", "/1k.txt", 16, FILES, aim="1.2 bare"),
    "static-100k": Workload("File of 100 KiB", "/100k.txt", 16, FILES, aim="1.15 bare"),
    "static-10m": Workload("File of 10 MiB", "/10m.txt", 4, ("longhouse", "nginx", "lighttpd", "h2o", "caddy")),
    "static-1k-close": Workload("File of 1 KiB, a connection each", "/1k.txt", 16, FILES, close=True, aim="1.15 bare"),
    "static-100k-close": Workload("File of 100 KiB, a connection each", "/100k.txt", 16, FILES, close=True),
    "static-1k-slow": Workload(
        f"File of 1 KiB, beside {SLOW_CLIENTS:,} slow clients of 10 MiB", "/1k.txt", 16, SPOKEN, slow=SLOW_CLIENTS
    ),
    "cgi-c-1": Workload("CGI, a C program, 1 client", "/min.cgi", 1, GATEWAYS, aim="1.25 bare"),
    "cgi-c-16": Workload("CGI, a C program, 16 clients", "/min.cgi", 16, GATEWAYS, aim="1.25 bare"),
    "cgi-c-64": Workload("CGI, a C program, 64 clients", "/min.cgi", 64, GATEWAYS, aim="1.25 bare"),
    "cgi-sh-1": Workload("CGI, sh, 1 client", "/hello.sh", 1, GATEWAYS, aim="1.25 bare"),
    "cgi-sh-16": Workload("CGI, sh, 16 clients", "/hello.sh", 16, GATEWAYS, aim="1.25 bare"),
    "cgi-sh-64": Workload("CGI, sh, 64 clients", "/hello.sh", 64, GATEWAYS, aim="1.25 bare"),
    "cgi-perl-1": Workload("CGI, perl, 1 client", "/hello.pl", 1, GATEWAYS, aim="1.15 bare"),
    "cgi-perl-16": Workload("CGI, perl, 16 clients", "/hello.pl", 16, GATEWAYS, aim="1.15 bare"),
    "cgi-perl-64": Workload("CGI, perl, 64 clients", "/hello.pl", 64, GATEWAYS, aim="1.15 bare"),
    "cgi-python-1": Workload("CGI, python, 1 client", "/hello.py", 1, GATEWAYS, seconds=3, aim="1.05 bare"),
    "cgi-python-16": Workload("CGI, python, 16 clients", "/hello.py", 16, GATEWAYS, seconds=3, aim="1.05 bare"),
    "cgi-python-64": Workload("CGI, python, 64 clients", "/hello.py", 64, GATEWAYS, seconds=5, aim="1.05 bare"),
    "cgi-upload-1m": Workload("1 MiB to a C program", "/count.cgi", 4, GATEWAYS, upload=True, aim="1.5 bare"),
    "fcgi-1k-16": Workload("FastCGI, 1 KiB, not kept", "/1k.app", 16, FASTCGI, aim="0.8 lighttpd"),
    "fcgi-100k-16": Workload("FastCGI, 100 KiB, not kept", "/100k.app", 16, FASTCGI),
    "fcgi-upload-1m": Workload(
        "1 MiB to a FastCGI application", "/1k.app", 4, ("longhouse", "nginx", "lighttpd", "h2o"), upload=True
    ),
    "fcgi-1k-16-kept": Workload("FastCGI, 1 KiB, kept", "/1k.kept", 16, KEPT, aim="1.2 bare"),
    "fcgi-100k-16-kept": Workload("FastCGI, 100 KiB, kept", "/100k.kept", 16, KEPT, aim="1.15 bare"),
    "php-hello-16": Workload("php-fpm, a one-line page", "/hello.php", 16, FASTCGI, aim="0.8 lighttpd"),
    "php-hello-16-kept": Workload(
        "php-fpm, a one-line page, kept where that can be",
        "/hello.php",
        16,
        PHP_KEPT,
        kept_path="/hello.phpkept",
        aim="0.8 lighttpd",
    ),
    "tls-1k": Workload("TLS 1.3, file of 1 KiB, kept", "/1k.txt", 16, SPOKEN, tls=True, aim="1.0 h2o"),
    "tls-100k": Workload("TLS 1.3, file of 100 KiB, kept", "/100k.txt", 16, SPOKEN, tls=True),
    "tls-handshake": Workload(
        "TLS 1.3, a handshake each", "/1k.txt", 16, (*SPOKEN, "signing"), tls=True, close=True, aim="1.0 lighttpd"
    ),
    "h2-1k": Workload("HTTP/2, file of 1 KiB, one stream", "/1k.txt", 16, SPOKEN, tls=True, streams=1, aim="1.0 h2o"),
    "h2-1k-10": Workload("HTTP/2, file of 1 KiB, ten streams", "/1k.txt", 16, SPOKEN, tls=True, streams=10, aim="1.0 h2o"),
}

QUICK = ("static-1k", "static-1k-close", "cgi-c-16", "fcgi-1k-16", "fcgi-1k-16-kept", "php-hello-16")


def keeps_connections(name):
    """To FastCGI applications, when it is told to."""
    return name.startswith(KEPT)


# ---- the load ----


def path_for(name, workload):
    return workload.kept_path if workload.kept_path and keeps_connections(name) else workload.path


def url_of(server, workload):
    path = path_for(server.name, workload)
    return f"https://localhost:{server.tls_port}{path}" if workload.tls else f"http://127.0.0.1:{server.port}{path}"


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}[unit]


NOTHING = {"requests": 0, "rate": 0.0, "failed": 1, "p50_ms": None, "p99_ms": None}


def field_words(workload):
    """For both tools."""
    return [word for field in workload.fields for word in ("-H", field)]


def wrk(server, workload, seconds, folder):
    """HTTP/1.1: requests, those that failed, and how long half and 99 % of them took at most."""
    words = ["wrk", "-t1", f"-c{workload.connections}", f"-d{seconds}", "--latency"]
    if workload.close:
        words += ["-H", "Connection: close"]
    words += field_words(workload)
    if workload.upload:
        words += ["-s", f"{folder}/upload.lua"]
    words.append(url_of(server, workload))
    done = subprocess.run(pinned(LOAD_CORE, words), capture_output=True, text=True)
    if done.returncode != 0:
        print(f"  {server.name} cannot be asked: {(done.stdout + done.stderr).strip()}", flush=True)
        return dict(NOTHING)
    out = done.stdout
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    sockets = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    failed = int(bad.group(1)) if bad else 0
    failed += sum(map(int, sockets.groups())) if sockets else 0
    return {
        "requests": int(re.search(r"(\d+) requests in", out).group(1)),
        "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
        "failed": failed,
        "p50_ms": milliseconds(re.search(r" 50%\s+(\S+)", out).group(1)),
        "p99_ms": milliseconds(re.search(r" 99%\s+(\S+)", out).group(1)),
    }


def h2load(server, workload, seconds):
    """HTTP/2: the same without percentiles."""
    words = ["h2load", "-t1", f"-c{workload.connections}", f"-m{workload.streams}", f"-D{seconds}"]
    words += [*field_words(workload), url_of(server, workload)]
    out = subprocess.run(pinned(LOAD_CORE, words), capture_output=True, text=True, check=True).stdout
    done, failed = re.search(r"requests: .* (\d+) succeeded, (\d+) failed", out).groups()
    rate = float(re.search(r"([\d.]+) req/s", out).group(1))
    return {"requests": int(done), "rate": rate, "failed": int(failed), "p50_ms": None, "p99_ms": None}


# ---- connections that do nothing ----


def connect(server, tls):
    one = socket.create_connection(("127.0.0.1", server.tls_port if tls else server.port), timeout=10)
    return tls.wrap_socket(one, server_hostname="localhost") if tls else one


def any_certificate():
    tls = ssl.create_default_context()
    tls.check_hostname = False
    tls.verify_mode = ssl.CERT_NONE
    tls.minimum_version = ssl.TLSVersion.TLSv1_3
    return tls


def open_connections(server, count, tls):
    """Each has had an answer, and is kept."""
    allow_descriptors()
    connections = []
    for _ in range(count):
        one = connect(server, tls)
        one.sendall(b"GET /1k.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connections.append(one)
    failed = 0
    for one in connections:
        try:
            failed += not one.recv(4096).startswith(b"HTTP/1.1 200")
        except OSError:
            failed += 1
    return connections, failed


def measure_idle(server, workload):
    """What the first ones cost besides is left out: pages of libraries that nobody had touched."""
    tls = any_certificate() if workload.tls else None
    first, failed = open_connections(server, IDLE_FIRST, tls)
    before = server.memory_bytes()
    connections, more_failed = open_connections(server, workload.connections - IDLE_FIRST, tls)
    each = (server.memory_bytes() - before) / len(connections)
    failed += more_failed
    for one in first + connections:
        one.close()
    return {"cost": each, "failed": failed, "rate": None, "p50_ms": None, "p99_ms": None, "memory": server.memory_bytes()}


# ---- clients who take what they asked for slowly ----


class SlowClients(Repeating):
    """Each has asked for a file of 10 MiB. `lost`: those whose connection was closed."""

    def __init__(self, port, count):
        super().__init__(SLOW_EVERY_S)
        self.lost = 0
        self.connections = [self.connect(port) for _ in range(count)]

    @staticmethod
    def connect(port):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.connect(("127.0.0.1", port))
        one.sendall(b"GET /10m.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
        one.setblocking(False)
        return one

    def act(self):
        for one in list(self.connections):
            try:
                gone = not one.recv(SLOW_BYTES)
            except BlockingIOError:
                gone = False
            except OSError:
                gone = True
            if gone:
                self.lost += 1
                self.connections.remove(one)
                one.close()

    def __exit__(self, *words):
        super().__exit__(*words)
        for one in self.connections:
            one.close()


# ---- one server, once ----


def measure(server, workload, seconds, folder):
    """`cost` is microseconds of CPU a request, or bytes a connection; None: nothing was answered."""
    seconds = max(seconds, workload.seconds)
    if isinstance(server, Signing):
        return server.measure(seconds)
    if workload.path is None:
        return measure_idle(server, workload)
    allow_descriptors()
    with Peak(server) as peak, SlowClients(server.port, workload.slow) as slow:
        before = server.account.used_us()
        load = h2load(server, workload, seconds) if workload.streams else wrk(server, workload, seconds, folder)
        used = server.account.used_us() - before
    answered = load.pop("requests")
    load["cost"] = used / answered if answered else None
    load["memory"] = peak.bytes
    load["failed"] += slow.lost
    return load
