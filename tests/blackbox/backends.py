"""Applications for the house to talk to: php-fpm, libfcgi workers, and one that speaks FastCGI badly."""
import glob
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import threading

import family
from house import BACKENDS, open_folder, wait_until


def _answers(path):
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


class Program:
    """Something that listens on a unix socket, in a folder of its own."""

    def __init__(self, name):
        self.folder = open_folder(name)
        self.socket = self.folder / "socket"
        self.command = []
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        family.OURS.add(self.process.pid)
        wait_until(f"{self.command} to listen", lambda: self.socket.exists() and _answers(self.socket))
        self.socket.chmod(0o666)

    def stop(self):
        everybody = [self.process.pid, *family.descendants(self.process.pid)]
        self.process.terminate()
        self.process.wait(10)
        wait_until(f"{self.command} to end", lambda: not any(map(family.is_alive, everybody)))
        family.OURS.discard(self.process.pid)

    def restart(self):
        self.process.kill()
        self.process.wait()
        family.OURS.discard(self.process.pid)
        self.start()

    def restart_if_gone(self):
        try:
            self.process.wait(0.2)
        except subprocess.TimeoutExpired:
            return
        family.OURS.discard(self.process.pid)
        self.start()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder)


class Worker(Program):
    def __init__(self, name):
        super().__init__(f"worker-{name}")
        self.name = name
        self.command = [str(BACKENDS / "fcgi_worker"), str(self.socket), name]


class Spawned(Program):
    """A program that finds its socket as descriptor 0, put there by spawn-fcgi."""

    def __init__(self, name, *command, options=()):
        super().__init__(f"spawned-{name}")
        self.command = ["/usr/bin/spawn-fcgi", "-n", "-s", str(self.socket), "-M", "0666", *options, "--", *command]


class Bridged(Program):
    """Two processes of a program, started by cgi-fcgi, which ends at once."""

    def __init__(self, name, program):
        super().__init__(f"bridged-{name}")
        self.program = self.folder / pathlib.Path(program).name
        shutil.copy(program, self.program)

    def pids(self):
        return family.with_words(str(self.program))

    def start(self):
        subprocess.run(
            ["/usr/bin/cgi-fcgi", "-start", "-connect", str(self.socket), str(self.program), "2"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
        )
        family.OURS.update(wait_until("two processes", lambda: len(found := self.pids()) == 2 and found))
        self.socket.chmod(0o666)

    def stop(self):
        pids = self.pids()
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
        wait_until(f"{self.program} to end", lambda: not any(map(family.is_alive, pids)))
        family.OURS.difference_update(pids)


class PhpFpm(Program):
    """A static pool of two; `more` are lines for the pool, which overrule earlier ones."""

    def __init__(self, name="php", more=""):
        super().__init__(name)
        programs = sorted(glob.glob("/usr/sbin/php-fpm*"))
        assert programs, "no php-fpm: apt-get install php-fpm"
        config = self.folder / "php-fpm.conf"
        owner = "user = www-data\ngroup = www-data\n" if os.getuid() == 0 else ""
        config.write_text(
            f"[global]\nerror_log = {self.folder}/php-fpm.log\ndaemonize = no\nprocess_control_timeout = 10s\n"
            f"[test]\n{owner}listen = {self.socket}\nlisten.mode = 0666\n"
            "pm = static\npm.max_children = 2\nping.path = /ping\n"
            "php_admin_flag[log_errors] = on\nphp_admin_value[upload_max_filesize] = 10M\n"
            f"{more}\n"
        )
        self.command = [programs[-1], "--nodaemonize", "--fpm-config", str(config)]

    def reload(self):
        """The master starts anew and keeps the socket."""
        old = family.children(self.process.pid)
        self.process.send_signal(signal.SIGUSR2)
        wait_until("new children", lambda: (now := family.children(self.process.pid)) and not set(now) & set(old), 10)

    def restart_gently(self):
        """As the service manager does it: what is in work is finished, then the socket is gone for a moment."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(10)
        family.OURS.discard(self.process.pid)
        self.start()


# ---- an application under the thumb of the test ----

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7
ANSWER = b"Content-Type: text/plain\r\n\r\nfake body"


def record(kind, content=b"", request=1, padding=0):
    return struct.pack("!BBHHBB", 1, kind, request, len(content), padding, 0) + content + bytes(padding)


def end_record(status=0):
    return record(END, struct.pack("!IB3x", 0, status))


class Fake:
    """Reads whole requests and answers as `act` says; `seen` holds the records of the last one."""

    def __init__(self):
        self.act = "close"
        self.seen = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                try:
                    self._read(connection)
                    getattr(self, f"_do_{self.act}")(connection)
                except OSError:
                    pass  # the house hung up, as some of the acts deserve

    @staticmethod
    def _exactly(connection, count):
        data = b""
        while len(data) < count:
            piece = connection.recv(count - len(data))
            if not piece:
                raise OSError("hung up")
            data += piece
        return data

    def _read(self, connection):
        self.seen = []
        while True:
            _, kind, _, length, padding, _ = struct.unpack("!BBHHBB", self._exactly(connection, 8))
            content = self._exactly(connection, length)
            self._exactly(connection, padding)
            self.seen.append((kind, content, padding))
            if kind == STDIN and not content:
                return

    @staticmethod
    def _do_rubbish(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nthis is no FastCGI")

    @staticmethod
    def _do_close(connection):
        pass

    @staticmethod
    def _do_half_record(connection):
        connection.sendall(record(STDOUT, ANSWER)[:20])

    @staticmethod
    def _do_no_end(connection):
        connection.sendall(record(STDOUT, ANSWER))

    @staticmethod
    def _do_wrong_id(connection):
        connection.sendall(record(STDOUT, ANSWER, request=7) + end_record())

    @staticmethod
    def _do_overloaded(connection):
        connection.sendall(end_record(2))

    @staticmethod
    def _do_byte_by_byte(connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in record(STDOUT, ANSWER, padding=5) + record(STDOUT) + end_record():
            connection.sendall(bytes([byte]))

    @staticmethod
    def _do_empty_records(connection):
        connection.sendall(record(STDERR) + record(STDOUT, ANSWER[:3]) + record(STDERR, b"a word\n"))
        connection.sendall(record(STDOUT, ANSWER[3:], padding=255) + record(STDOUT) + end_record())

    @staticmethod
    def _do_mixed(connection):
        parts = [record(STDOUT, ANSWER[i : i + 1]) + record(STDERR, b"e") for i in range(len(ANSWER))]
        connection.sendall(b"".join(parts) + record(STDOUT) + end_record())

    @staticmethod
    def _do_silent(connection):
        connection.recv(100)  # until the house hangs up
