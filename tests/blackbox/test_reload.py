"""The configuration changes while the house runs: what runs goes on, what comes is answered by the new one."""
import os
import shutil
import signal
import socket

import pytest

from backends import Worker
from house import BACKENDS, free_port, wait_until


def rewrite(house):
    house.config_path.write_text(house.config_text())


def reload(house):
    """Applies what the house was told since; what the command said."""
    rewrite(house)
    status, output, errors = house.verb("reload")
    assert status == 0, output + errors
    return output


def refused(house):
    rewrite(house)
    status, output, errors = house.verb("reload")
    assert status == 1 and output == "", output
    return errors


def settled(house):
    wait_until("no former generation is in use", lambda: house.status()["generations_in_use"] == 1)


def test_hosts_come_and_go_and_change(new_house):
    house = new_house("reload")
    old = house.host("old.test")
    old.put("a.txt", "old")
    house.default.put("a.txt", "default")
    house.start()
    server = house.server_pid()
    assert house.status()["generation"] == 1

    house.sections.clear()
    new = house.host("new.test", "  CustomHeader = X-Made: by the new one")
    new.put("a.txt", "new")
    said = reload(house)
    assert "new hosts: new.test" in said and "gone hosts: old.test" in said
    answer = new.get("/a.txt")
    assert answer.text == "new" and answer["x-made"] == "by the new one"
    assert old.get("/a.txt").text == "default"

    other = house.folder / "other"
    other.mkdir()
    (other / "a.txt").write_text("moved")
    house.sections[0] = house.sections[0].replace(str(new.root), str(other))
    house.option("MaxUrlLength = 900")
    said = reload(house)
    assert "changed hosts: new.test" in said and "new options outside sections: MaxUrlLength" in said
    assert new.get("/a.txt").text == "moved"
    settled(house)
    status = house.status()
    assert status["generation"] == 3 and status["reload"]["ok"] is True and "failure" not in status["reload"]
    assert house.server_pid() == server
    assert "the configuration was reloaded: generation 3" in house.system_log()


def test_a_kept_connection_goes_over_to_the_new_one(new_house):
    house = new_house("reload")
    house.default.put("a.txt", "a")
    house.start()
    with house.visit() as visitor:
        visitor.request("GET", "/a.txt")
        assert visitor.answer()["x-now"] is None
        house.option("CustomHeader = X-Now: yes")
        reload(house)
        settled(house)  # it rested, and holds nothing of the former
        visitor.request("GET", "/a.txt")
        answer = visitor.answer()
        assert answer["x-now"] == "yes" and answer["connection"] != "close"


def test_what_runs_ends_as_it_began(new_house):
    house = new_house("reload")
    house.option("CGIextension = sh")
    house.option("ExecuteCGI = yes")
    gate = house.folder / "gate"
    house.default.put("slow.sh", f"#!/bin/sh\nwhile [ ! -e {gate} ]; do sleep 0.02; done\n"
                                 "printf 'Content-Type: text/plain\\n\\nslow'\n", 0o755)
    house.start()
    with house.visit() as visitor:
        visitor.request("GET", "/slow.sh")
        wait_until("it runs", house.programs)
        house.options.remove("ExecuteCGI = yes")
        house.options.remove("CGIextension = sh")
        house.option("CustomHeader = X-Now: yes")
        reload(house)
        assert house.status()["generations_in_use"] == 2
        assert "while" in house.get("/slow.sh").text  # it is a file now
        assert house.status()["seats"]["taken"] == 1
        gate.touch()
        answer = visitor.answer()
        assert answer.text == "slow" and answer["x-now"] is None
        visitor.request("GET", "/nothing")
        assert visitor.answer()["x-now"] == "yes"
    settled(house)


def test_a_faulty_file_changes_nothing_and_says_so(new_house):
    house = new_house("reload")
    house.default.put("a.txt", "a")
    house.start()
    house.option("ListenBacklog = many")
    errors = refused(house)
    assert "ListenBacklog = many\n" in errors and "^" in errors
    os.kill(house.process.pid, signal.SIGHUP)
    wait_until("it is in the log", lambda: "was not reloaded, and nothing has changed" in house.system_log())
    assert "ListenBacklog = many" in house.system_log()
    assert house.get("/a.txt").text == "a"
    house.options.pop()
    rewrite(house)
    status = house.status()
    assert status["generation"] == 1 and status["reload"]["ok"] is False
    assert "was not reloaded" in status["reload"]["failure"]
    assert "failed, nothing was changed" in house.verb("status")[1]
    os.kill(house.process.pid, signal.SIGHUP)
    wait_until("it is good again", lambda: house.status()["reload"]["ok"])


@pytest.mark.parametrize("line, what", [("Reactors = 3", "Reactors"), ("Spawners = 2", "Spawners")])
def test_what_cannot_change_is_refused_as_a_whole(new_house, line, what):
    house = new_house("reload")
    house.option("Reactors = 2" if what == "Spawners" else "Spawners = 1")
    house.start()
    house.option(line)
    house.option("CustomHeader = X-Now: yes")
    errors = refused(house)
    assert f"{what} cannot change while the house runs" in errors and "stop the house" in errors
    assert house.get("/")["x-now"] is None


def test_bindings_come_and_go(new_house):
    house = new_house("reload")
    house.default.put("a.txt", "a")
    first = f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n}}"
    second = free_port()
    house.section(first)
    house.section(f"Binding {{\n  Port = {second}\n  Interface = 127.0.0.1\n}}")
    house.start()
    third = free_port()
    with house.visit(second) as visitor:
        visitor.request("GET", "/a.txt")
        visitor.answer()
        house.sections[1] = f"Binding {{\n  Port = {third}\n  Interface = 127.0.0.1\n}}"
        said = reload(house)
        assert f"new bindings: 127.0.0.1:{third}" in said and f"gone bindings: 127.0.0.1:{second}" in said
        with pytest.raises(ConnectionRefusedError):
            house.visit(second)
        visitor.request("GET", "/a.txt")  # the connection is still there, for one more
        answer = visitor.answer()
        assert answer.text == "a" and answer["connection"] == "close"
    assert house.get("/a.txt", port=third).text == "a"
    assert house.get("/a.txt").text == "a"
    settled(house)
    house.sockets_before = None  # another binding

    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port = free_port()
        taken.bind(("127.0.0.1", port))
        taken.listen()
        house.section(f"Binding {{\n  Port = {port}\n  Interface = 127.0.0.1\n}}")
        house.option("CustomHeader = X-Now: yes")
        assert f"cannot listen on 127.0.0.1:{port}" in refused(house)
    assert house.get("/a.txt")["x-now"] is None


def test_targets_live_on_by_their_names(new_house):
    house = new_house("reload")
    house.option("UseFastCGI = workers")
    house.default.put("who.fcgi", "the workers answer for this")
    with Worker("one") as one, Worker("two") as two:
        section = "FastCGIserver {{\n  FastCGIid = workers\n  ConnectTo = {}, {}\n  Extension = fcgi\n  Balance = roundrobin\n{}}}"
        house.section(section.format(one.socket, two.socket, ""))
        house.start()
        assert house.verb("backend", "drain", str(two.socket))[0] == 0
        first = house.get("/who.fcgi").text
        house.option("CustomHeader = X-Now: yes")
        reload(house)  # the section is as it was
        house.sections[0] = section.format(two.socket, one.socket, "  Queue = 7, 3\n")
        assert "changed FastCGI sections: workers" in reload(house)
        answer = house.get("/who.fcgi")
        assert answer.text[:4] == first[:4] and answer["x-now"] == "yes"
        settled(house)
        targets = {t["target"]: t for t in house.status()["fastcgi"][0]["targets"]}
        assert targets[str(two.socket)]["drained"] and not targets[str(one.socket)]["drained"]
        assert targets[str(one.socket)]["requests"] == 2


def test_workers_stay_or_are_replaced_gently(new_house):
    house = new_house("reload")
    house.keeps_workers = True
    house.option("UseFastCGI = pool")
    house.option("KillGrace = 500ms")
    house.option("DrainTime = 5")
    house.default.put("who.fcgi", "a worker answers for this")
    program = house.folder / "fcgi_worker"
    shutil.copy(BACKENDS / "fcgi_worker", program)
    program.chmod(0o755)
    pool = "FastCGIserver {{\n  FastCGIid = {}\n  Run = {} one\n  Extension = {}\n  MinWorkers = 1\n{}}}"
    house.section(pool.format("pool", program, "fcgi", ""))
    house.start()
    assert house.get("/who.fcgi").status == 200
    (first,) = house.programs()
    before = house.host("before.test")  # its rules get other numbers
    before.put("a.txt", "a")
    house.options[:] = [line.replace("= pool", "= pool, other") for line in house.options]
    house.sections.insert(0, pool.format("other", program, "other", ""))
    assert "new FastCGI sections: other" in reload(house)
    assert house.get("/who.fcgi").status == 200
    assert first in house.programs()
    wait_until("the new pool has its worker", lambda: len(house.programs()) == 2)

    house.sections[1] = pool.format("pool", program, "fcgi", "  Setenv A = changed\n")
    reload(house)
    wait_until("the worker is another one", lambda: first not in house.programs())
    assert [house.get("/who.fcgi").status for _ in range(5)] == [200] * 5
    del house.sections[0]
    house.options[:] = [line.replace("= pool, other", "= pool") for line in house.options]
    reload(house)
    wait_until("one pool is left", lambda: len(house.programs()) == 1)
    assert len(list(house.work.glob("workers-*.sock"))) == 1
    assert house.get("/who.fcgi").status == 200
    assert [pool["section"] for pool in house.status()["workers"]] == ["pool"]
    house.sockets_before = None  # a connection to the worker is kept


def test_logs_of_a_new_host_are_opened_and_usr1_opens_all_again(new_house):
    house = new_house("reload")
    house.start()
    site = house.host("logged.test")
    site.put("a.txt", "a")
    reload(house)
    site.get("/a.txt")
    wait_until("its line", lambda: "/a.txt" in site.access_log())
    site.access_path.rename(site.access_path.with_suffix(".1"))
    os.kill(house.process.pid, signal.SIGUSR1)
    wait_until("a fresh file", site.access_path.exists)
    wait_until("the log says it", lambda: "log files are open again" in house.system_log())
    site.get("/a.txt?again")
    wait_until("the line in it", lambda: "/a.txt?again" in site.access_log())


def test_when_a_process_dies_the_next_has_the_new_one(new_house):
    house = new_house("reload")
    house.option("CGIextension = cgi")
    house.option("ExecuteCGI = yes")
    house.default.program("cgi_min")
    house.start()
    house.option("CustomHeader = X-Now: yes")
    reload(house)
    os.kill(house.spawner_pid(), signal.SIGKILL)
    wait_until("a program", lambda: house.get("/min.cgi").status == 200)
    os.kill(house.server_pid(), signal.SIGKILL)
    house.wait_until_ready()
    answer = house.get("/min.cgi")
    assert answer.status == 200 and answer["x-now"] == "yes"
    assert house.status()["generation"] == 2
