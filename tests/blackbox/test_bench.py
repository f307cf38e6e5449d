"""The instruments of bench/: what they make of measurements. The measurements themselves are nobody's test."""
import importlib.machinery
import importlib.util
import json
import pathlib
import subprocess
import sys

import pytest

BENCH = pathlib.Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture(scope="module")
def run():
    sys.path.insert(0, str(BENCH))
    try:
        loader = importlib.machinery.SourceFileLoader("bench_run", str(BENCH / "run"))
        module = importlib.util.module_from_spec(importlib.util.spec_from_loader("bench_run", loader))
        loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(BENCH))


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


def test_the_page_shows_what_was_reached_and_what_was_missed(run, tmp_path):
    good = run.summarize("static-1k", {"longhouse": [once(11)], "bare": [once(10)]})
    bad = run.summarize("cgi-c-16", {"longhouse": [once(20)], "bare": [once(10)], "lighttpd": [once(15, failed=3)]})
    machine = {"processor": "<fast>", "processors": 2, "kernel": "6", "load_before": 0, "commit": "c", "time": "t", "versions": {"nginx": None}}
    results = tmp_path / "results.json"
    results.write_text(json.dumps({"machine": machine, "seconds": 1, "rounds": 1, "workloads": {"a": good, "b": bad}}))
    subprocess.run([BENCH / "report", results, tmp_path / "page.html"], check=True, stdout=subprocess.DEVNULL)
    page = (tmp_path / "page.html").read_text()
    assert "found 1.10: reached" in page and "found 2.00: missed" in page
    assert "&lt;fast&gt;" in page and "<fast>" not in page
    assert page.count("<svg") == 2 and "15.0  (1.50 × bare)" in page
    assert "src=" not in page and "href=" not in page  # needs nothing else


def test_wrong_words_are_told(run):
    listed = subprocess.run([BENCH / "run", "--list"], capture_output=True, text=True, check=True).stdout
    assert all(name in listed for name in run.WORKLOADS)
    wrong = subprocess.run([BENCH / "run", "no-such"], capture_output=True, text=True)
    assert wrong.returncode == 2 and "there is no workload no-such; there are: " in wrong.stderr and "static-1k, " in wrong.stderr
    missing = subprocess.run([BENCH / "report", "/no/such.json"], capture_output=True, text=True)
    assert missing.returncode == 1 and "bench/run makes it" in missing.stderr
