"""A real nginx in front of a house: its own folder, configuration and port; nothing of the system's is touched."""
import contextlib
import pathlib
import shutil
import subprocess

import family
from house import free_port, wait_until
from wire import Visitor

PATHS = ("/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx")


def find_nginx():
    for path in PATHS:
        if pathlib.Path(path).exists():
            return path
    return shutil.which("nginx")


FRAME = """\
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{http}
}}
"""


class Nginx:
    """`http` is what stands in its http block; {port} is where it listens."""

    def __init__(self, folder, http):
        self.folder = folder / "nginx"
        self.folder.mkdir()
        self.port = free_port()
        self.path = self.folder / "nginx.conf"
        self.path.write_text(FRAME.format(folder=self.folder, http=http.replace("{port}", str(self.port))))
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [find_nginx(), "-p", self.folder, "-c", self.path, "-e", self.folder / "error.log"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=open(self.folder / "stderr", "wb"),
        )
        family.OURS.add(self.process.pid)

        def ready():
            assert self.process.poll() is None, self.said()
            try:
                Visitor(self.port).close()
                return True
            except ConnectionError:
                return False

        wait_until("nginx listens", ready)

    def said(self):
        return "".join(
            (self.folder / name).read_text(errors="replace")
            for name in ("stderr", "error.log")
            if (self.folder / name).exists()
        )

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(10)
            family.OURS.discard(self.process.pid)


@contextlib.contextmanager
def running(nginx):
    try:
        nginx.start()
        yield nginx
    finally:
        nginx.stop()
