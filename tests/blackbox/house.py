"""A whole house for a test: its own folder, configuration and port, and a close look at what it leaves behind.

As root the server runs as www-data, so everything lies below a folder that everybody may enter.
"""
import contextlib
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import family
from wire import Visitor

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent


def find_binary():
    named = os.environ.get("LONGHOUSE_BIN")
    if named:
        return pathlib.Path(named).resolve()
    for preset in ("asan", "debug", "release"):
        path = TOP / "build" / preset / "bin" / "longhouse"
        if path.exists():
            return path
    raise RuntimeError("no longhouse to test: build one, or name it in LONGHOUSE_BIN")


BINARY = find_binary()
BACKENDS = pathlib.Path(os.environ.get("LONGHOUSE_BACKENDS", BINARY.parent.parent / "backends"))


def is_sanitized():
    program = (BINARY.parent / "server").read_bytes()
    return b"libasan" in program or b"libtsan" in program


def wait_until(what, question, deadline_s=5.0):
    """Asks again and again until the answer is true; the answer is returned."""
    end = time.monotonic() + deadline_s
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {deadline_s} s in vain: {what}")
        time.sleep(0.01)


# Below the ports that the kernel gives to whoever connects, and a range of their own for each process that runs tests.
_WORKER = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0)
_PORTS = itertools.cycle(range(10000 + _WORKER * 2500, 12500 + _WORKER * 2500))


def free_port():
    """A port of 127.0.0.1 that nobody has, and that nobody else will be told soon."""
    for port in itertools.islice(_PORTS, 2500):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port on 127.0.0.1")


def open_folder(name):
    """A folder that everybody may enter, whoever runs the tests."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"longhouse-{name}-", dir="/tmp"))
    folder.chmod(0o755)
    return folder


class Site:
    """The folder and the logs of one host."""

    def __init__(self, house, name):
        self.house = house
        self.name = name
        self.root = house.folder / "sites" / name
        self.root.mkdir(parents=True)
        self.access_path = house.logs / f"{name}.access"
        self.error_path = house.logs / f"{name}.error"

    def put(self, path, content=b"", mode=0o644):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        target.chmod(mode)
        return target

    def program(self, backend, name=None):
        """One of tests/backends as a CGI program of the site."""
        target = self.root / (name or f"{backend.removeprefix('cgi_')}.cgi")
        shutil.copy(BACKENDS / backend, target)
        target.chmod(0o755)
        return target

    def link(self, path, target):
        """A link of an ordinary user: those of root may lead anywhere."""
        (self.root / path).symlink_to(target)
        if os.getuid() == 0:
            os.lchown(self.root / path, 12345, 12345)

    def copy(self, folder):
        shutil.copytree(HERE / "sites" / folder, self.root, dirs_exist_ok=True)

    def access_log(self):
        return _text_of(self.access_path)

    def error_log(self):
        return _text_of(self.error_path)

    def wait_for_error(self, *words):
        """The first line of the error log that has all the words."""

        def find():
            for line in self.error_log().splitlines():
                if all(word in line for word in words):
                    return line
            return None

        return wait_until(f"{words} in {self.error_path}:\n{self.error_log()}", find)

    def get(self, target, **more):
        return self.house.get(target, host=self.name, **more)


def _text_of(path):
    try:
        return path.read_text(errors="surrogateescape")
    except FileNotFoundError:
        return ""


class House:
    def __init__(self, name):
        self.folder = open_folder(name)
        self.logs = self.folder / "logs"
        self.run = self.folder / "run"
        self.work = self.folder / "work"
        for path in (self.logs, self.run, self.work):
            path.mkdir()
            path.chmod(0o777)
        self.port = free_port()
        self.options = []  # lines outside sections
        self.sections = []  # whole sections
        self.sites = {}
        self.process = None
        self.sockets_before = None
        self.config_path = self.folder / "longhouse.conf"
        self.default = self._site("default.test")
        self.keeps_workers = False  # they stay until the house ends
        self.entry = []  # words that come before the program's own

    # ---- what it shall be ----

    def _site(self, name):
        site = Site(self, name.replace("*.", "any."))
        self.sites[name] = site
        return site

    def host(self, name, options="", more_names=()):
        site = self._site(name)
        names = ", ".join([name, *more_names])
        self.sections.append(
            f"VirtualHost {{\n  Hostname = {names}\n  WebsiteRoot = {site.root}\n"
            f"  AccessLogfile = {site.access_path}\n  ErrorLogfile = {site.error_path}\n{options}\n}}"
        )
        return site

    def option(self, line):
        self.options.append(line)

    def section(self, text):
        self.sections.append(text)

    def config_text(self):
        lines = [
            f"PIDfile = {self.run}/longhouse.pid",
            f"ControlSocket = {self.run}/control.sock",
            f"WorkDirectory = {self.work}",
            f"SystemLogfile = {self.logs}/system.log",
            f"Hostname = {self.default.name}",
            f"WebsiteRoot = {self.default.root}",
            f"AccessLogfile = {self.default.access_path}",
            f"ErrorLogfile = {self.default.error_path}",
            *self.options,
            *self.sections,
        ]
        if not any(re.search("^Binding", section, re.M) for section in self.sections):
            lines.append(f"Binding {{\n  Port = {self.port}\n  Interface = 127.0.0.1\n}}")
        return "\n".join(lines) + "\n"

    # ---- its life ----

    def command(self):
        return [*self.entry, BINARY, "run", "-c", self.config_path]

    def start(self):
        self.config_path.write_text(self.config_text())
        self.config_path.chmod(0o644)
        self.stderr = open(self.folder / "stderr", "wb")
        self.process = subprocess.Popen(
            self.command(),
            stdin=subprocess.DEVNULL,
            stdout=self.stderr,
            stderr=self.stderr,
            cwd="/",
        )
        self.wait_until_ready()
        self.sockets_before = self.server_sockets()
        self.server_before = self.server_pid()
        return self

    def wait_until_ready(self, deadline_s=15.0):
        def ready():
            status = self.process.poll()
            assert status is None, f"the house ended with {status}:\n{self.said()}"
            try:
                with self.visit(timeout_s=deadline_s) as visitor:
                    visitor.send(b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    status = visitor.answer().status
                    visitor.is_at_end()  # it is counted nowhere any more
                    return status
            except ConnectionError:
                return None

        wait_until(f"an answer on port {self.port}; it said:\n{self.said()}", ready, deadline_s)

    def said(self):
        return _text_of(self.folder / "stderr")

    def system_log(self):
        return _text_of(self.logs / "system.log")

    def verb(self, *words):
        """`longhouse VERB -c ...`: exit status, output, errors."""
        done = subprocess.run(
            [BINARY, words[0], "-c", self.config_path, *words[1:]],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def write_config(self):
        self.config_path.write_text(self.config_text())
        self.config_path.chmod(0o644)

    def check(self):
        """What `longhouse check` says of the options so far: exit status, and all it wrote."""
        self.write_config()
        status, output, errors = self.verb("check")
        return status, output + errors

    def status(self):
        status, output, errors = self.verb("status", "--json")
        assert status == 0, errors
        return json.loads(output)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def close(self):
        """The end of every test: it must stop cleanly and leave nothing."""
        try:
            if self.process and self.process.poll() is None:
                self.check_while_running()
                status = self.stop()
                assert status == 0, f"exit status {status}; it said:\n{self.said()}"
            self.check_after_end()
        finally:
            if self.process and self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            for pid in family.with_words(str(self.folder)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if self.process:
                self.stderr.close()
            if not os.environ.get("LONGHOUSE_KEEP"):
                shutil.rmtree(self.folder, ignore_errors=True)

    # ---- what it must not leave ----

    def pid_of(self, name):
        """Process id of the server or the spawner."""
        for pid in family.children(self.process.pid):
            if family.title(pid) == f"longhouse {name}":
                return pid
        return None

    def server_pid(self):
        return wait_until("a server process", lambda: self.pid_of("server"))

    def spawner_pid(self):
        return wait_until("a spawner process", lambda: self.pid_of("spawner"))

    def server_sockets(self):
        return family.sockets_and_pipes(self.server_pid())

    def programs(self):
        """Everything below the house that is not one of its three programs."""
        spawner = self.pid_of("spawner")
        return [] if spawner is None else family.descendants(spawner)

    def check_while_running(self):
        wait_until(
            f"programs are still there: {[family.describe(p) for p in self.programs()]}",
            lambda: self.keeps_workers or not self.programs(),
        )
        wait_until(
            f"requests are still in progress: {self.status()}",
            lambda: (now := self.status())["requests_in_progress"] + now["connections_now"] == 0,
        )
        wait_until(
            "zombies in the house",
            lambda: not [p for p in family.descendants(self.process.pid) if family.is_zombie(p)],
        )
        if self.sockets_before is not None and self.pid_of("server") == self.server_before:
            wait_until(
                f"the server holds more descriptors than at the start: {self.sockets_before} then, "
                f"{self.server_sockets()} now",
                lambda: len(self.server_sockets()) <= len(self.sockets_before),
            )

    def check_after_end(self):
        for text in (self.said(), self.system_log(), *(s.error_log() for s in self.sites.values())):
            for word in ("Sanitizer", "runtime error:", "Assertion", "DEADLYSIGNAL"):
                assert word not in text, f"{word} in what the house said:\n{text[-8000:]}"
        strays = wait_for_none(lambda: family.strays(str(self.folder)))
        assert not strays, f"left behind: {[family.describe(pid) for pid in strays]}"

    # ---- visitors ----

    def visit(self, port=None, timeout_s=10.0):
        return Visitor(port or self.port, timeout_s)

    def get(self, target, host=None, method="GET", fields=(), body=None, version="1.1", port=None, timeout_s=10.0):
        """One request on a connection of its own."""
        with self.visit(port, timeout_s) as visitor:
            visitor.request(
                method,
                target,
                host=host or self.default.name,
                fields=[*fields, ("Connection", "close")],
                body=body,
                version=version,
            )
            return visitor.answer(method)


def wait_for_none(question, deadline_s=3.0):
    """What is left when the time is over (or nothing, at once)."""
    end = time.monotonic() + deadline_s
    left = question()
    while left and time.monotonic() < end:
        time.sleep(0.02)
        left = question()
    return left


@contextlib.contextmanager
def opened(house):
    """Starts it, and closes it with all checks, whatever happens between."""
    try:
        house.start()
        yield house
    finally:
        house.close()
