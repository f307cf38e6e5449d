"""`longhouse serve`: a folder, now."""
import os
import shutil
import signal
import subprocess

import family
import pytest

from house import BINARY, HERE, free_port, open_folder, wait_until
from wire import Visitor


started = []  # of the running test: what fails must not leave them behind


class Served:
    def __init__(self, folder, *words):
        self.folder = folder
        self.port = free_port()
        self.said_path = folder.parent / f"{folder.name}.said"
        self.out = open(self.said_path, "wb")
        self.process = subprocess.Popen(
            [BINARY, "serve", folder, "--port", str(self.port), *words],
            stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.out,
        )
        started.append(self)
        wait_until(f"an answer; it said:\n{self.said()}", self._answers, 15)

    def said(self):
        return self.said_path.read_text(errors="replace")

    def _answers(self):
        assert self.process.poll() is None, self.said()
        try:
            return self.get("/")
        except ConnectionError:
            return None

    def get(self, target):
        with Visitor(self.port) as visitor:
            visitor.request("GET", target, host=f"localhost:{self.port}", fields=[("Connection", "close")])
            return visitor.answer()

    def stop(self, number=signal.SIGTERM):
        everybody = [self.process.pid, *family.descendants(self.process.pid)]
        self.process.send_signal(number)
        status = self.process.wait(20)
        self.out.close()
        wait_until("all to be gone", lambda: not [p for p in everybody if family.is_alive(p)])
        return status


@pytest.fixture
def folder():
    top = open_folder("serve")
    folder = top / "site"
    shutil.copytree(HERE / "sites" / "cgi", folder)
    shutil.copy(HERE / "sites" / "php" / "hello.php", folder)
    (folder / "index.html").write_text("the index")
    yield folder
    for served in started:
        if served.process.poll() is None:
            served.stop()
    started.clear()
    shutil.rmtree(top)


def test_files_and_no_scripts(folder):
    served = Served(folder)
    assert served.get("/").text == "the index"
    for script in ("/hello.pl", "/hello.py", "/hello.sh", "/hello.php"):
        answer = served.get(script)
        assert answer.status == 403 and b"echo" not in answer.body and b"print" not in answer.body
    said = served.said()
    assert f"http://localhost:{served.port}/" in said
    assert "*.py" in said and "--cgi" in said and "--php" in said
    assert served.stop() == 0


def test_what_it_says(folder):
    served = Served(folder)
    assert served.stop() == 0
    said = served.said()
    assert said.count(f"http://localhost:{served.port}/") == 1, said
    assert "warning" not in said and "invalid" not in said, said


def test_the_source_of_a_script_without_interpreter_is_not_shown(folder):
    names = [name for name, program in (("rb", "ruby"), ("lua", "lua"), ("tcl", "tclsh")) if not shutil.which(program)]
    for name in names:
        (folder / f"secret.{name}").write_text("the source")
    served = Served(folder, "--cgi", ",".join(["sh", *names]))
    for name in names:
        assert served.get(f"/secret.{name}").status == 403
    assert served.stop() == 0


@pytest.mark.parametrize("name", ["with blanks", "a #b", "dots...", "${HOME}", "x\\", "new\nline", "CONFIG_DIR", "ü'\"<&>"])
def test_folders_with_odd_names(folder, name):
    odd = folder / name
    odd.mkdir()
    (odd / "x.txt").write_text("found")
    served = Served(odd)
    assert served.get("/x.txt").text == "found"
    assert served.stop() == 0


def test_it_ends_when_the_terminal_is_closed(folder):
    assert Served(folder, "--php").stop(signal.SIGHUP) == 0


def test_scripts(folder):
    served = Served(folder, "--cgi", ".pl,.py")
    assert served.get("/hello.pl").text == "hello from perl\n"
    assert served.get("/hello.py").text == "hello from python\n"
    assert served.get("/hello.sh").status == 403
    assert "/usr/bin/perl" in served.said()
    assert served.stop() == 0


def test_php(folder):
    served = Served(folder, "--php")
    answer = served.get("/hello.php?name=serve")
    assert answer.text.startswith("hello serve from ")
    assert served.stop() == 0


def test_its_own_folder_of_work_is_removed(folder):
    mine = folder.parent / "tmp"
    mine.mkdir()
    mine.chmod(0o1777)
    os.environ["TMPDIR"] = str(mine)
    try:
        served = Served(folder, "--php")
    finally:
        del os.environ["TMPDIR"]
    assert list(mine.iterdir())
    assert served.stop() == 0
    assert not list(mine.iterdir())


@pytest.mark.parametrize("words", [["/"], ["/no/such/folder"], ["/etc/passwd"], [".", "--cgi", "a/b"], [".", "--port", "0"], [".", "--port", "x"], [".", "--what"]])
def test_what_is_not_served(words):
    done = subprocess.run([BINARY, "serve", *words], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode in (1, 2) and done.stderr


def test_a_port_that_is_taken(folder):
    served = Served(folder)
    second = subprocess.run(
        [BINARY, "serve", folder, "--port", str(served.port)], capture_output=True, text=True, timeout=20, check=False
    )
    assert second.returncode == 1 and str(served.port) in second.stderr
    assert served.stop() == 0
