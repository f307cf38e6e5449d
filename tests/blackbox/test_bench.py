"""The instruments of bench/: what they make of measurements. The measurements themselves are nobody's test."""
import contextlib
import http.client
import importlib.machinery
import importlib.util
import json
import pathlib
import socket
import subprocess
import sys

import pytest
from fault_backend import FaultBackend, Talk, end, out
from house import BINARY, free_port, wait_until

BENCH = pathlib.Path(__file__).resolve().parents[2] / "bench"


def load(name):
    sys.path.insert(0, str(BENCH))
    try:
        loader = importlib.machinery.SourceFileLoader(f"bench_{name}", str(BENCH / name))
        module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
        loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(BENCH))


@pytest.fixture(scope="module")
def run():
    return load("run")


def once(cost, failed=0):
    return {"cost": cost, "rate": 1000.0, "failed": failed, "p50_ms": 0.5, "p99_ms": None, "memory": 1 << 20}


def test_ratios_are_those_within_a_round(run):
    """In the second round the machine had other work, which fell on both."""
    results = {"longhouse": [once(12), once(40, failed=2), once(12)], "bare": [once(10), once(40), once(10)], "nginx": [once(30)] * 3}
    summary = run.summarize("static-1k", results)
    ours = summary["servers"]["longhouse"]
    assert (ours["cost"], ours["failed"], ours["p99_ms"]) == (12, 2, None)
    assert ours["to"]["bare"] == 1.2
    assert summary["best_peer"] == "nginx"
    assert run.verdict(summary) == ("1.20 x bare, aim 1.2", True)
    results["longhouse"] = [once(13)] * 3
    assert run.verdict(run.summarize("static-1k", results))[1] is False
    del results["bare"]
    assert run.verdict(run.summarize("static-1k", results)) is None


def test_who_answers_nothing_costs_nothing_and_is_no_peer(run, capsys):
    results = {"longhouse": [once(12), once(12)], "lighttpd": [once(14), once(14)], "merecat": [once(None, failed=1)] * 2}
    summary = run.summarize("static-1k", results)
    assert summary["best_peer"] == "lighttpd"
    assert summary["servers"]["merecat"]["to"] == {"longhouse": None, "lighttpd": None}
    run.show("static-1k", summary)
    assert " merecat              -      -" in capsys.readouterr().out


def test_a_peer_that_is_not_installed_is_named(run, monkeypatch):
    monkeypatch.setitem(run.VERSIONS, "merecat", ["/nowhere/merecat", "-V"])
    monkeypatch.setitem(run.VERSIONS, "nginx", [sys.executable])
    assert run.absent(["longhouse", "bare", "nginx", "merecat"]) == ["merecat"]


def test_a_bound_is_nobodys_peer(run, capsys):
    """It is what the others are shown beside."""
    results = {"longhouse": [once(300)], "lighttpd": [once(400)], "signing": [once(40)]}
    summary = run.summarize("tls-handshake", results)
    assert summary["best_peer"] == "lighttpd"
    run.show("tls-handshake", summary)
    rows = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert (rows["longhouse"][2], rows["signing"][2]) == ("7.50", "1.00")


def test_whoever_keeps_connections_to_php_has_children_of_its_own(run, monkeypatch):
    """The others ask for the same page where nothing is kept."""
    import workloads

    monkeypatch.setattr(sys, "argv", ["run", "--program", str(BENCH / "run"), "--program", str(BENCH / "calls"), "php-hello-16", "php-hello-16-kept"])
    options = run.arguments()
    assert run.php_keepers(options) == ["longhouse", "longhouse2", "bare"]
    workload = run.WORKLOADS["php-hello-16-kept"]
    paths = {name: workloads.path_for(name, workload) for name in run.names_for("php-hello-16-kept", options)}
    ours = dict.fromkeys(("longhouse", "longhouse2", "bare"), "/hello.phpkept")
    assert paths == {**ours, "lighttpd": "/hello.php", "h2o": "/hello.php"}
    options.workloads = ["php-hello-16", "fcgi-1k-16-kept"]
    assert run.php_keepers(options) == []


def test_the_page_shows_what_was_reached_and_what_was_missed(run, tmp_path):
    good = run.summarize("static-1k", {"longhouse": [once(11)], "bare": [once(10)]})
    bad = run.summarize("cgi-c-16", {"longhouse": [once(20)], "bare": [once(10)], "lighttpd": [once(15, failed=3)]})
    machine = {"processor": "<fast>", "processors": 2, "kernel": "6", "load_before": 0, "commit": "c", "time": "t", "versions": {"nginx": None}}
    results = tmp_path / "results.json"
    dead = run.summarize("static-1k", {"longhouse": [once(11)], "merecat": [once(None)]})
    results.write_text(json.dumps({"machine": machine, "seconds": 1, "rounds": 1, "workloads": {"a": good, "b": bad, "c": dead}}))
    subprocess.run([BENCH / "report", results, tmp_path / "page.html"], check=True, stdout=subprocess.DEVNULL)
    page = (tmp_path / "page.html").read_text()
    assert "found 1.10: reached" in page and "found 2.00: missed" in page
    assert "&lt;fast&gt;" in page and "<fast>" not in page
    assert page.count("<svg") == 3 and "answered nothing" in page and "15.0  (1.50 × bare)" in page
    assert "src=" not in page and "href=" not in page  # needs nothing else


def test_wrong_words_are_told(run):
    listed = subprocess.run([BENCH / "run", "--list"], capture_output=True, text=True, check=True).stdout
    assert all(name in listed for name in run.WORKLOADS)
    wrong = subprocess.run([BENCH / "run", "no-such"], capture_output=True, text=True)
    assert wrong.returncode == 2 and "there is no workload no-such; there are: " in wrong.stderr and "static-1k, " in wrong.stderr
    missing = subprocess.run([BENCH / "report", "/no/such.json"], capture_output=True, text=True)
    assert missing.returncode == 1 and "bench/run makes it" in missing.stderr


# ---- the bare bound ----


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    program = tmp_path_factory.mktemp("bare") / "bare"
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", BENCH / "programs/bare.c", "-o", program], check=True)
    return program


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def running(program, folder, *applications):
    """The port that it listens on."""
    port = free_port()
    process = subprocess.Popen([program, str(port), folder, *applications])
    try:
        wait_until("bare to listen", lambda: listens(port))
        yield port
        assert process.poll() is None, "it has given up"
    finally:
        process.terminate()
        process.wait()


def ask(port, path, count=1):
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    contents = []
    for _ in range(count):
        client.request("GET", path)
        contents.append(client.getresponse().read().decode())
    client.close()
    return contents


def answer(talk):
    """The answer in two records: the file that was asked for, twice."""
    name = talk.read_request().param("SCRIPT_FILENAME").encode()
    talk.say(out(b"Content-Type: text/plain\r\n\r\n" + name, padding=3), out(name), end())


def test_the_bound_keeps_connections_where_it_is_told_to(bare):
    def play(talk):
        answer(talk)
        while talk.keep:
            answer(talk)
        talk.waits_for_hangup(5)

    with FaultBackend() as backend:
        backend.plays(play)
        with running(bare, "/site", f"once={backend.socket}", f"kept={backend.socket}=2") as port:
            assert ask(port, "/a.once", 3) == ["/site/a.once" * 2] * 3
            assert [talk.keep for talk in backend.talks] == [False] * 3
            wait_until("it to close them", lambda: backend.running == 0)
            assert ask(port, "/a.kept", 3) + ask(port, "/b.kept") == ["/site/a.kept" * 2] * 3 + ["/site/b.kept" * 2]
            assert [talk.keep for talk in backend.talks[3:]] == [True]
        backend.wait_until_quiet()


def test_the_bound_asks_again_when_the_queue_of_an_application_was_full(bare, tmp_path):
    (tmp_path / "a.txt").write_text("all others have been heard")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "socket"))
    listener.listen(0)  # one waits there
    listener.settimeout(10)
    with listener, running(bare, tmp_path, f"once={tmp_path}/socket") as port:
        clients = [http.client.HTTPConnection("127.0.0.1", port, timeout=10) for _ in range(8)]
        for client in clients:
            client.request("GET", "/a.once")
        assert ask(port, "/a.txt") == ["all others have been heard"]
        for _ in clients:
            with listener.accept()[0] as connection:
                answer(Talk(connection))
        assert [client.getresponse().read().decode() for client in clients] == [f"{tmp_path}/a.once" * 2] * 8
        for client in clients:
            client.close()


# ---- instructions ----


ANNOTATED = """
Events shown:     Ir
--------------------------------------------------------------------------------
Ir
--------------------------------------------------------------------------------
3,000 (100.0%)  PROGRAM TOTALS

 file:function
1,500 (50.00%)  /src/./base/text.c:reactor_ended.lto_priv.0 [/x/server]
1,000 (33.33%)  /src/./server/reactor.c:reactor_ended.lto_priv.0 [/x/server]
  400 (13.33%)  ./string/../memset.S:__memset_avx2 [/lib/libc.so.6]
  100 ( 3.33%)  ./time/clock.c:clock_gettime@@GLIBC_2.17 [/lib/libc.so.6]
"""


def test_instructions_are_counted_by_function_wherever_its_lines_come_from():
    counts = load("instructions").read_counts(ANNOTATED)
    assert counts == {"reactor_ended": 2500, "__memset_avx2": 400, "clock_gettime": 100}


# ---- training ----


def test_only_a_program_that_counts_can_be_trained():
    done = subprocess.run([BENCH / "train", BINARY], capture_output=True, text=True)
    assert done.returncode == 1 and "it is built with LONGHOUSE_PROFILE=record" in done.stderr


@pytest.mark.parametrize(
    "words, complaint",
    [
        (["-DLONGHOUSE_PROFILE=use"], "nothing was counted in"),
        (["-DLONGHOUSE_PROFILE=yes"], "it is record, use, or nothing"),
        (["-DLONGHOUSE_PROFILE=record", "-DCMAKE_C_COMPILER=clang"], "needs gcc"),
    ],
)
def test_a_build_that_cannot_be_trained_is_refused(tmp_path, words, complaint):
    words = ["cmake", "--preset", "release", "-B", tmp_path / "build", *words]
    done = subprocess.run(words, capture_output=True, text=True, cwd=BENCH.parent)
    assert done.returncode == 1 and complaint in " ".join(done.stderr.split())
