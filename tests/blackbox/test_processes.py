"""Three processes: what happens when one of them dies, and how the house ends."""
import fcntl
import json
import os
import signal
import socket
import subprocess
import threading
import time

import family
import pytest

from house import BINARY, House, is_sanitized, wait_until


@pytest.fixture
def house(new_house):
    house = new_house("processes")
    house.option("CGIhandler = /bin/sh:sh")
    house.option("KillGrace = 300ms")
    site = house.default
    house.option("ExecuteCGI = yes")
    house.option("TimeForCGI = 30")
    site.copy("cgi")
    site.put("hello.txt", "hello")
    site.put("pause.sh", "echo Content-Type: text/plain\necho\necho begun\nsleep 0.7\necho ended\n")
    return house


def test_who_is_who(house):
    house.start()
    server, spawner = house.server_pid(), house.spawner_pid()
    assert server and spawner
    if os.getuid() == 0:
        for pid in (server, spawner):
            assert os.stat(f"/proc/{pid}").st_uid != 0 or _effective_user(pid) != 0
    for pid in (server, spawner):
        assert int(_status(pid)["CapEff"], 16) == 0
        if not is_sanitized():  # programs run as the same user: what it may not trace belongs to root
            assert os.stat(f"/proc/{pid}/environ").st_uid == 0
            limits = open(f"/proc/{pid}/limits", encoding="ascii").read()
            assert "Max core file size        0 " in limits
    status = _status(server)
    if os.getuid() == 0:
        assert int(status["CapBnd"], 16) == 0
    assert int(status["CapEff"], 16) == 0 and int(status["CapPrm"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"


def _status(pid):
    lines = open(f"/proc/{pid}/status", encoding="utf-8").read().splitlines()
    return {line.split(":", 1)[0]: line.split(":", 1)[1].strip() for line in lines}


def _effective_user(pid):
    return int(_status(pid)["Uid"].split()[1])


def test_a_killed_server_is_back_and_nobody_is_refused(house):
    house.start()
    with house.visit() as running:
        running.request("GET", "/sleep.sh")
        wait_until("the program to run", house.programs)
        server = house.server_pid()
        refused, answers, stop = [], [], threading.Event()

        def visit():
            while not stop.is_set():
                try:
                    with house.visit(timeout_s=5) as visitor:
                        visitor.request("GET", "/hello.txt")
                        answers.append(visitor.answer().status)
                except ConnectionRefusedError as error:
                    refused.append(error)
                except OSError:
                    pass  # it was being served by the one that died

        visitors = [threading.Thread(target=visit) for _ in range(3)]
        for thread in visitors:
            thread.start()
        wait_until("some answers", lambda: len(answers) > 20)
        begun = time.monotonic()
        os.kill(server, signal.SIGKILL)
        wait_until("another server", lambda: house.pid_of("server") not in (None, server))
        count = len(answers)
        wait_until("answers by the next server", lambda: len(answers) > count + 20)
        assert time.monotonic() - begun < 2
        stop.set()
        for thread in visitors:
            thread.join()
    assert not refused and set(answers) == {200}
    wait_until("the programs of the dead server to be gone", lambda: not house.programs())
    assert "server" in house.said() + house.system_log()


def test_a_killed_spawner_is_back(house):
    house.start()
    server, spawner = house.server_pid(), house.spawner_pid()
    with house.visit() as running:
        running.request("GET", "/sleep.sh")
        programs = wait_until("the program to run", house.programs)
        os.kill(spawner, signal.SIGKILL)
        answer = running.answer()
        assert answer.status in (502, 503)
        wait_until("its programs to be gone", lambda: not [p for p in programs if family.is_alive(p)])
    assert house.get("/hello.txt").text == "hello"
    wait_until("programs to run again", lambda: house.get("/hello.sh").text == "hello from sh\n")
    assert house.server_pid() == server
    assert house.spawner_pid() != spawner


def test_an_answer_that_dies_with_its_spawner_is_never_whole(house):
    """Its length is not known, so its end must not come from the end of a pipe that the kernel closed."""
    house.default.put("half.sh", "printf 'Content-Type: text/plain\\n\\nhalf'\nsleep 30\n")
    house.start()
    for _ in range(4):
        spawner = house.spawner_pid()
        with house.visit() as visitor:
            visitor.request("GET", "/half.sh")
            answer = visitor.head()
            assert answer.status == 200
            os.kill(spawner, signal.SIGKILL)
            assert b"\r\n0\r\n" not in visitor.rest()
        wait_until("programs to run again", lambda: house.get("/hello.sh").text == "hello from sh\n", 10.0)


def _spawners(house):
    return [spawner["pid"] for spawner in house.status()["spawners"]]


def test_several_spawners_share_the_reactors(house):
    house.option("Reactors = 4")
    house.option("Spawners = 3")
    house.start()
    spawners = house.status()["spawners"]
    assert [spawner["reactors"] for spawner in spawners] == [[0, 3], [1], [2]]
    assert len(set(_spawners(house))) == 3
    for pid in _spawners(house):
        assert "longhouse spawner" in family.describe(pid)
        assert f"process {pid}, for reactors " in house.verb("status")[1]
    for _ in range(12):
        assert house.get("/hello.sh").text == "hello from sh\n"
    assert house.stop() == 0
    assert not [pid for pid in _pids_of(spawners) if family.is_alive(pid)]


def _pids_of(spawners):
    return [spawner["pid"] for spawner in spawners]


def test_there_are_no_more_spawners_than_reactors(house):
    house.option("Reactors = 2")
    house.option("Spawners = 16")
    house.start()
    assert len(_spawners(house)) == 2


def test_a_killed_spawner_takes_no_programs_of_another(house):
    house.option("Reactors = 2")
    house.option("Spawners = 2")
    house.start()
    with house.visit() as visitor:
        visitor.request("GET", "/sleep.sh")
        lives = wait_until("the program to run", lambda: next(filter(family.descendants, _spawners(house)), None))
        programs = family.descendants(lives)
        dies = next(pid for pid in _spawners(house) if pid != lives)
        os.kill(dies, signal.SIGKILL)
        wait_until("another spawner", lambda: dies not in _spawners(house))
        assert len(_spawners(house)) == 2 and lives in _spawners(house)
        assert all(family.is_alive(pid) for pid in programs)
        os.kill(lives, signal.SIGKILL)
        assert visitor.answer().status in (502, 503)
        wait_until("its programs to be gone", lambda: not [pid for pid in programs if family.is_alive(pid)])
    wait_until("two others", lambda: len(_spawners(house)) == 2 and not {dies, lives} & set(_spawners(house)))
    for _ in range(8):
        wait_until("programs to run again", lambda: house.get("/hello.sh").text == "hello from sh\n")


def test_what_an_entry_script_started_outlives_a_spawner(house):
    house.entry = ["sh", "-c", 'sleep 300 & exec "$@"', "sh"]
    house.start()
    guest = next(p for p in family.descendants(house.process.pid) if "sleep 300" in family.describe(p))
    try:
        spawner = house.spawner_pid()
        os.kill(spawner, signal.SIGKILL)
        wait_until("another spawner", lambda: house.spawner_pid() not in (None, spawner))
        wait_until("programs to run again", lambda: house.get("/hello.sh").text == "hello from sh\n")
        assert family.is_alive(guest)
    finally:
        os.kill(guest, signal.SIGKILL)


def test_a_killed_supervisor_takes_all_with_it(house):
    house.start()
    with house.visit() as running:
        running.request("GET", "/sleep.sh")
        wait_until("the program to run", house.programs)
        everybody = family.descendants(house.process.pid)
        house.process.kill()
        house.process.wait()
        wait_until(
            "all to be gone",
            lambda: not [pid for pid in everybody if family.is_alive(pid)],
        )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_end_waits_for_an_answer_in_flight(house, number):
    house.start()
    with house.visit() as visitor, house.visit() as idle:
        idle.request("GET", "/hello.txt")
        idle.answer()
        visitor.request("GET", "/pause.sh")
        visitor.first_bytes(1)
        house.process.send_signal(number)
        assert idle.is_at_end()
        answer = visitor.answer()
        assert answer.complete and answer.text == "begun\nended\n"
    assert house.process.wait(10) == 0


def test_the_end_does_not_wait_for_ever(house):
    house.option("DrainTime = 500ms")
    house.start()
    with house.visit() as visitor:
        visitor.request("GET", "/sleep.sh")
        wait_until("the program to run", house.programs)
        begun = time.monotonic()
        assert house.stop() == 0
        assert time.monotonic() - begun < 6


def test_status(house):
    house.option("ThreadPoolSize = 4")
    house.start()
    house.get("/hello.txt")
    status, output, errors = house.verb("status")
    assert (status, errors) == (0, "")  # notes and warnings are for who changes the configuration:
    assert "'ThreadPoolSize' is accepted" in house.verb("reload")[2]
    assert str(house.server_pid()) in output
    facts = house.status()
    assert facts["pid"] == house.server_pid() and facts["answers"]["2xx"] >= 1


def test_stop(house):
    house.start()
    assert (house.run / "longhouse.pid").read_text().strip() == str(house.process.pid)
    # the parent must reap it for `stop` to see the end: as a shell or systemd would
    waiter = threading.Thread(target=house.process.wait)
    waiter.start()
    status, output, errors = house.verb("stop")
    waiter.join()
    assert status == 0, errors
    assert house.process.returncode == 0
    assert not (house.run / "longhouse.pid").exists()
    for verb in ("status", "stop"):
        status, _, errors = house.verb(verb)
        assert status == 1 and "longhouse" in errors


def test_a_second_house_of_the_same_configuration_says_so(house):
    house.start()
    second = subprocess.run(
        [BINARY, "run", "-c", house.config_path], capture_output=True, text=True, timeout=30, check=False
    )
    assert second.returncode == 1
    assert str(house.port) in second.stderr or "already" in second.stderr
    assert house.get("/hello.txt").text == "hello"
    assert (house.run / "longhouse.pid").read_text().strip() == str(house.process.pid)


def test_log_files_are_opened_again(house):
    house.start()
    access = house.default.access_path
    house.get("/hello.txt")
    wait_until("a line in the log", house.default.access_log)
    access.rename(access.with_suffix(".old"))
    house.process.send_signal(signal.SIGUSR1)
    wait_until("a new log file", access.exists)
    house.get("/hello.txt?after")
    wait_until("a line in the new file", lambda: "after" in house.default.access_log())


def test_it_starts_again_and_again(new_house):
    for _ in range(3):
        house = House("again")
        house.default.put("hello.txt", "hello")
        house.start()
        assert house.get("/hello.txt").text == "hello"
        house.close()


def test_as_a_daemon(house):
    house.config_path.write_text(house.config_text())
    house.config_path.chmod(0o644)
    done = subprocess.run(
        [BINARY, "run", "-c", house.config_path, "--daemon"],
        capture_output=True, text=True, timeout=30, check=False,
    )
    assert done.returncode == 0, done.stderr
    # ready when the front door comes back
    assert house.get("/hello.txt").text == "hello"
    pid = int((house.run / "longhouse.pid").read_text())
    everybody = [pid, *family.descendants(pid)]
    family.OURS.add(pid)
    os.kill(pid, signal.SIGTERM)
    wait_until("the daemon to end", lambda: not [p for p in everybody if family.is_alive(p)], 15)
    family.OURS.discard(pid)


def test_stop_leaves_a_stranger_alone(house):
    """A PID file that was left behind: the number in it belongs to somebody else by now."""
    house.config_path.write_text(house.config_text())
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        (house.run / "longhouse.pid").write_text(f"{stranger.pid}\n")
        status, _, errors = house.verb("stop")
        assert status == 1 and "left behind" in errors
        assert stranger.poll() is None
        house.start()
        assert (house.run / "longhouse.pid").read_text() == f"{house.process.pid}\n"
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("text", ["", "garbage\n", "-1\n", "1\n", "99999999999999999999\n"])
def test_stop_with_a_strange_pid_file(house, text):
    house.config_path.write_text(house.config_text())
    path = house.run / "longhouse.pid"
    path.write_text(text)
    with path.open() as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        status, _, errors = house.verb("stop")
    assert status == 1 and "no process id" in errors


def test_a_file_in_the_place_of_the_control_socket_stays(house):
    house.config_path.write_text(house.config_text())
    (house.run / "control.sock").write_text("precious")
    done = subprocess.run(
        [BINARY, "run", "-c", house.config_path], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1 and "no socket" in done.stderr
    assert (house.run / "control.sock").read_text() == "precious"


def test_a_terminal_that_stands_still_does_not_stop_the_house(house):
    """What the house says goes into a pipe that nobody reads any more."""
    house.config_path.write_text(house.config_text())
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [BINARY, "run", "-c", house.config_path], stdin=subprocess.DEVNULL, stdout=writing, stderr=writing, cwd="/"
    )
    house.process, house.stderr = process, open(os.devnull, "wb")
    try:
        house.wait_until_ready()
        # another open file of the same pipe: not to block is ours alone
        flood = os.open(f"/proc/self/fd/{writing}", os.O_WRONLY | os.O_NONBLOCK)
        try:
            while True:
                os.write(flood, b"x")
        except BlockingIOError:
            pass
        os.close(flood)
        server = house.server_pid()
        os.kill(server, signal.SIGKILL)
        wait_until("another server", lambda: house.pid_of("server") not in (None, server))
        assert house.get("/hello.txt").text == "hello"
        assert house.stop() == 0
    finally:
        os.close(reading)
        os.close(writing)


def test_too_few_descriptors_are_said_once(house):
    for i in range(100):
        house.host(f"h{i}.test")
    house.config_path.write_text(house.config_text())
    done = subprocess.run(
        ["sh", "-c", f"ulimit -n 100; exec {BINARY} run -c {house.config_path}"],
        capture_output=True, text=True, timeout=30, check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("cannot be opened") == 1 and "ulimit -n" in done.stderr


def test_a_log_that_is_a_fifo_without_reader(house):
    os.mkfifo(house.default.access_path)
    house.config_path.write_text(house.config_text())
    done = subprocess.run(
        [BINARY, "run", "-c", house.config_path], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1 and "fifo" in done.stderr


def test_a_long_status_reaches_a_slow_reader(new_house):
    """More than a socket holds: the rest goes when there is room."""
    house = new_house("long")
    for section in range(180):
        targets = ", ".join(f"{house.run}/{section}-{target}.sock" for target in range(8))
        house.section(f"FastCGIserver {{\n  FastCGIid = app{section}\n  ConnectTo = {targets}\n}}")
        house.host(f"app{section}.test", f"  UseFastCGI = app{section}")
    house.start()
    with socket.socket(socket.AF_UNIX) as asker:
        asker.settimeout(10)
        asker.connect(f"{house.run}/control.sock")
        asker.sendall(b"status json\n")
        time.sleep(0.3)  # it has written all that fits
        answer = b""
        while part := asker.recv(65536):
            answer += part
    assert len(json.loads(answer)["fastcgi"]) == 180
    assert len(answer) > 150_000
