"""Workers of our own: FastCGI programs that the house runs (Run), from the first request to the last signal."""
import os
import pathlib
import shutil
import signal
import threading
import time

import family
import pytest

from house import BACKENDS, wait_until

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="changes users")
GAMES = 5


@pytest.fixture
def house(new_house):
    house = new_house("workers")
    house.keeps_workers = True
    house.option("KillGrace = 500ms")
    house.option("DrainTime = 5")
    house.option("MinUid = 5")
    house.option("TimeForCGI = 30")
    house.option("Reactors = 2")
    house.default.put("who.fcgi", "a worker answers for this")
    for name in ("slow", "crash", "echo", "mirror"):
        house.default.put(f"{name}.fcgi", "the same")
    return house


def socket_of(house):
    (path,) = house.work.glob("workers-*.sock")
    return path


def worker_program(house):
    target = house.folder / "fcgi_worker"
    if not target.exists():
        shutil.copy(BACKENDS / "fcgi_worker", target)
        target.chmod(0o755)
    return target


def section(house, run, options="", name="own", extension="fcgi"):
    lines = "".join(f"  {line.strip()}\n" for line in ["KeepTime = 300ms", *options.strip().splitlines()])
    house.section(f"FastCGIserver {{\n  FastCGIid = {name}\n  Run = {run}\n  Extension = {extension}\n{lines}}}")


def libfcgi(house, options="", **more):
    """A section that runs the libfcgi program, and the default host uses it."""
    section(house, f"{worker_program(house)} one", options, **more)
    house.option("UseFastCGI = own")
    return house


def php(house, options=""):
    section(house, "/usr/bin/php-cgi", options, name="php", extension="php")
    house.option("UseFastCGI = php")
    house.default.put("pid.php", "<?php echo getmypid();")
    house.default.put("user.php", "<?php echo posix_geteuid(), ' ', getcwd();")
    house.default.put("sleep.php", "<?php usleep(1000 * (int)$_GET['ms']); echo getmypid();")
    house.default.put("grow.php", "<?php $GLOBALS['x'] = 1; static $k; ini_set('memory_limit', '-1'); "
                                  "$a = str_repeat('x', 60 << 20); echo getmypid();")
    return house


def workers(house):
    """Those that the spawner started, zombies left out."""
    return [pid for pid in house.programs() if family.is_alive(pid)]


def state(house, pool=0):
    return house.status()["workers"][pool]


def wait_for_state(house, what, question, pool=0, deadline_s=10.0):
    return wait_until(what, lambda: (now := state(house, pool)) and question(now) and now, deadline_s)


def at_once(house, targets, answers=None):
    """All requests at the same time; their answers in the same order."""
    found = [None] * len(targets)

    def ask(i, target):
        found[i] = house.get(target)

    threads = [threading.Thread(target=ask, args=item) for item in enumerate(targets)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


# ---- on demand ----


def test_the_first_request_starts_a_worker_and_the_next_finds_it(house):
    libfcgi(house).start()
    assert workers(house) == []
    first, second = house.get("/who.fcgi"), house.get("/who.fcgi")
    assert first.status == 200 and first.text.startswith("one ")
    assert first.text == second.text
    assert len(workers(house)) == 1


def test_php_cgi_runs_out_of_the_box(house):
    php(house).start()
    assert house.get("/pid.php").text == str(workers(house)[0])


def test_as_many_workers_as_requests_but_not_more_than_allowed(house):
    libfcgi(house, "MaxWorkers = 3").start()
    begun = time.monotonic()
    answers = at_once(house, ["/slow.fcgi?700"] * 6)
    took = time.monotonic() - begun
    assert [a.status for a in answers] == [200] * 6
    assert len({a.text for a in answers}) == 3 == len(workers(house))
    assert took > 1.3  # in two rows


def test_the_least_number_is_there_from_the_start_and_again_after_a_death(house):
    libfcgi(house, "MinWorkers = 2\nMaxWorkers = 4").start()
    before = wait_until("two workers", lambda: len(now := workers(house)) == 2 and now)
    os.kill(before[0], signal.SIGKILL)
    wait_until("another one", lambda: len(now := workers(house)) == 2 and before[0] not in now)
    wait_until("the log", lambda: "worker" in house.system_log() and "signal 9 (Killed)" in house.system_log())


def test_what_is_idle_ends_and_what_is_needed_stays(house):
    libfcgi(house, "MinWorkers = 1\nMaxWorkers = 4\nIdleTime = 1").start()
    at_once(house, ["/slow.fcgi?400"] * 4)
    assert len(workers(house)) == 4
    wait_until("three to end", lambda: len(workers(house)) == 1, 15)
    now = wait_for_state(house, "the report", lambda s: s["idle"] == 1 and s["ending"] == 0)
    assert now["died"] == 0 and "not needed any more" in now["last_end"]


def test_a_long_request_is_not_idle(house):
    php(house, "IdleTime = 1").start()
    answer = house.get("/sleep.php?ms=4000")
    assert answer.status == 200 and answer.text.isdigit()


# ---- what a worker is ----


def test_the_environment_is_clean_and_the_sections_own(house):
    section(house, "/usr/bin/php-cgi -d variables_order=E", "Setenv GREETING = hello there\nMaxRequests = 7",
            name="php", extension="php")
    house.option("UseFastCGI = php")
    house.default.put("env.php", "<?php foreach (['GREETING', 'PATH', 'PHP_FCGI_MAX_REQUESTS', 'HOME', 'NOTIFY_SOCKET']"
                                 " as $n) { echo $n, '=', var_export(getenv($n, true), true), \"\\n\"; }")
    house.start()
    environment = house.get("/env.php").text
    assert "GREETING='hello there'" in environment
    pid = workers(house)[0]
    with open(f"/proc/{pid}/environ", "rb") as file:
        names = sorted(entry.split(b"=")[0] for entry in file.read().split(b"\0") if entry)
    assert names == [b"GREETING", b"LONGHOUSE_PROGRAM", b"PATH", b"PHP_FCGI_MAX_REQUESTS"]


def test_the_socket_is_for_the_user_of_the_server_alone(house):
    libfcgi(house).start()
    house.get("/who.fcgi")
    found = socket_of(house).stat()
    assert found.st_mode & 0o777 == 0o600
    if os.getuid() == 0:
        assert found.st_uid == 33
    house.stop()
    assert not list(house.work.glob("workers-*.sock"))


@needs_root
def test_each_host_with_run_as_has_workers_of_its_own(house):
    section(house, f"{worker_program(house)} one", "RunAs = nobody:nogroup\nMaxWorkers = 2")
    house.option("UseFastCGI = own")
    games = house.host("games.test", "  UseFastCGI = own\n  RunAs = games")
    also = house.host("also.test", "  UseFastCGI = own\n  RunAs = games")
    for site in (games, also):
        site.put("who.fcgi", "a worker")
    house.start()
    by_section, by_host, by_other = house.get("/who.fcgi"), games.get("/who.fcgi"), also.get("/who.fcgi")
    pids = [int(answer.text.split()[1]) for answer in (by_section, by_host, by_other)]
    assert [pathlib.Path(f"/proc/{pid}").stat().st_uid for pid in pids] == [65534, GAMES, GAMES]
    assert pids[1] == pids[2]
    assert [pool["section"] for pool in house.status()["workers"]] == ["own", "own (games)"]
    wait_for_state(house, "idle seen across users", lambda s: s["idle"] == 1, pool=1)
    with open(f"/proc/{pids[1]}/status", encoding="utf-8") as file:
        lines = dict(line.split(":", 1) for line in file.read().splitlines() if ":" in line)
    assert int(lines["CapEff"], 16) == 0 and lines["NoNewPrivs"].strip() == "1"


@needs_root
def test_a_worker_of_another_user_that_is_busy_is_seen_to_be(house):
    section(house, f"{worker_program(house)} one", "RunAs = games\nIdleTime = 1\nMaxWorkers = 2")
    house.option("UseFastCGI = own")
    house.start()
    slow = threading.Thread(target=lambda: at_once(house, ["/slow.fcgi?5000"]))
    slow.start()
    wait_for_state(house, "busy", lambda s: s["busy"] == 1)
    slow.join()
    wait_for_state(house, "idle or gone", lambda s: s["busy"] == 0)
    assert state(house)["died"] == 0


# ---- replacement ----


def test_after_its_number_of_requests_a_worker_is_replaced_without_a_failed_request(house):
    php(house, "MaxRequests = 5\nMaxWorkers = 2").start()
    answers = [house.get("/pid.php") for _ in range(23)]
    assert [a.status for a in answers] == [200] * 23
    assert len({a.text for a in answers}) >= 5
    assert state(house)["died"] == 0


def test_an_old_worker_is_replaced_after_its_request(house):
    libfcgi(house, "WorkerAge = 1s\nMaxWorkers = 1").start()
    first = house.get("/slow.fcgi?2500")
    assert first.status == 200
    wait_until("its end", lambda: int(first.text.split()[1]) not in workers(house))
    second = house.get("/who.fcgi")
    assert second.status == 200 and second.text != first.text
    assert "WorkerAge" in wait_for_state(house, "the reason", lambda s: s["last_end"])["last_end"]


def test_a_worker_that_has_grown_is_replaced(house):
    section(house, "/usr/bin/php-cgi", "WorkerMemory = 64 MiB\nIdleTime = 100", name="php", extension="php")
    house.option("UseFastCGI = php")
    house.default.put("grow.php", "<?php $a = []; for ($i = 0; $i < 20; $i++) $a[] = str_repeat('x', 4 << 20);"
                                  " echo getmypid(); @ob_end_flush(); flush(); usleep(2500000);")
    house.start()
    first = house.get("/grow.php")
    assert first.status == 200
    wait_until("its end", lambda: int(first.text) not in workers(house))
    assert "WorkerMemory" in wait_for_state(house, "the reason", lambda s: s["last_end"])["last_end"]


def test_a_family_counts_as_one_worker(house):
    php(house, "MaxWorkers = 1\nSetenv PHP_FCGI_CHILDREN = 3").start()
    answers = at_once(house, ["/sleep.php?ms=600"] * 3)
    assert [a.status for a in answers] == [200] * 3
    assert len({a.text for a in answers}) == 3
    leaders = [pid for pid in family.children(house.spawner_pid()) if family.is_alive(pid)]
    assert len(leaders) == 1 and len(workers(house)) == 4
    os.kill(leaders[0], signal.SIGKILL)  # its children must not go on without it
    wait_until("the family to end", lambda: not set(workers(house)) & set(leaders + [int(a.text) for a in answers]))
    assert house.get("/pid.php").status == 200


# ---- trouble ----


def test_a_program_that_dies_at_once_is_held_back_and_said_once(house):
    house.option("TimeForCGI = 2")
    script = house.folder / "unlucky"
    script.write_text("#!/bin/sh\necho no luck >&2\nexit 3\n")
    script.chmod(0o755)
    section(house, script)
    house.option("UseFastCGI = own")
    house.start()
    assert house.get("/who.fcgi").status == 504
    now = wait_for_state(house, "the pause", lambda s: s["held_ms"] >= 100)
    assert "status 3" in now["last_end"] and "no luck" in now["last_end"]
    assert now["started"] < 12
    log = house.system_log()
    assert log.count("worker after worker ends at once") == 1


def test_what_workers_say_on_stderr_is_logged(house):
    script = house.folder / "talker"
    script.write_text("#!/bin/sh\necho 'before I begin' >&2\nexec \"$1\" talker\n")
    script.chmod(0o755)
    section(house, f"{script} {worker_program(house)}", f"ErrorLogfile = {house.logs}/workers.log")
    house.option("UseFastCGI = own")
    house.start()
    assert house.get("/who.fcgi").text.startswith("talker ")
    log = house.logs / "workers.log"
    wait_until("the line", lambda: "FastCGI own: before I begin" in log.read_text())


def test_a_crash_takes_one_request_and_no_more(house):
    libfcgi(house, "MaxWorkers = 2").start()
    assert house.get("/who.fcgi").status == 200
    assert house.get("/crash.fcgi", method="POST", body=b"x").status == 502
    assert [house.get("/who.fcgi").status for _ in range(5)] == [200] * 5
    wait_for_state(house, "the death", lambda s: s["died"] == 1 and "status 3" in s["last_end"])


def test_a_deaf_worker_is_killed_in_the_end(house):
    house.option("DrainTime = 300ms")
    libfcgi(house, "MinWorkers = 1\nSetenv DEAF = 1\nWorkerAge = 1s").start()
    first = wait_until("a worker", lambda: workers(house))[0]
    wait_until("its end", lambda: first not in workers(house), 10)
    house.get("/who.fcgi")
    begun = time.monotonic()
    assert house.stop() == 0
    assert time.monotonic() - begun < 4


# ---- nothing is lost, nothing is left ----


class Load:
    """Visitors who come again and again while something is done to the house."""

    def __init__(self, house, target, visitors=4):
        self.house, self.target = house, target
        self.answers = []
        self.over = False
        self.threads = [threading.Thread(target=self._visit) for _ in range(visitors)]

    def _visit(self):
        while not self.over:
            try:
                self.answers.append(self.house.get(self.target).status)
            except (OSError, AssertionError) as error:
                self.answers.append(repr(error))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        for thread in self.threads:
            thread.join()

    def wait_for(self, more):
        seen = len(self.answers)
        wait_until(f"{more} more answers", lambda: len(self.answers) >= seen + more, 20)


def test_replacing_workers_under_load_fails_no_request(house):
    libfcgi(house, "MaxWorkers = 3\nWorkerAge = 1s\nIdleTime = 1").start()
    with Load(house, "/who.fcgi") as load:
        time.sleep(4)
        load.wait_for(50)
    assert set(load.answers) == {200}
    assert state(house)["started"] > 3


def test_killing_workers_costs_the_requests_they_had_and_no_others(house):
    libfcgi(house, "MaxWorkers = 3").start()
    killed = 0
    with Load(house, "/who.fcgi", visitors=3) as load:
        for _ in range(4):
            load.wait_for(20)
            for pid in workers(house)[:1]:
                os.kill(pid, signal.SIGKILL)
                killed += 1
            load.wait_for(20)
            time.sleep(0.3)
    assert load.answers.count(200) >= len(load.answers) - killed
    assert set(load.answers) <= {200, 502}
    assert house.get("/who.fcgi").status == 200


def test_the_socket_outlives_a_spawner(house):
    libfcgi(house, "MaxWorkers = 2").start()
    assert house.get("/who.fcgi").status == 200
    old = workers(house)
    inode = socket_of(house).stat().st_ino
    os.kill(house.spawner_pid(), signal.SIGKILL)
    assert [house.get("/who.fcgi").status for _ in range(10)].count(200) >= 9  # one may have reached a dying worker
    assert socket_of(house).stat().st_ino == inode
    wait_until("the old ones to be gone", lambda: not [pid for pid in old if family.is_alive(pid)])


def test_workers_of_a_dead_server_end_and_the_next_server_is_served(house):
    libfcgi(house, "MinWorkers = 1").start()
    house.get("/who.fcgi")
    old = workers(house)
    os.kill(house.server_pid(), signal.SIGKILL)
    wait_until("others", lambda: (now := workers(house)) and not set(now) & set(old))
    house.wait_until_ready()
    assert house.get("/who.fcgi").status == 200
    wait_for_state(house, "the reason", lambda s: "server process" in s["last_end"])


def test_nothing_is_left_of_a_killed_supervisor(house):
    libfcgi(house, "MinWorkers = 2\nMaxWorkers = 2").start()
    pids = wait_until("two workers", lambda: len(now := workers(house)) == 2 and now)
    house.process.kill()
    house.process.wait()
    wait_until("the workers to end", lambda: not [pid for pid in pids if family.is_alive(pid)])


def test_a_stop_lets_a_request_finish(house):
    libfcgi(house).start()
    found = []
    slow = threading.Thread(target=lambda: found.extend(at_once(house, ["/slow.fcgi?1500"])))
    slow.start()
    wait_for_state(house, "busy", lambda s: s["busy"] == 1)
    assert house.stop() == 0
    slow.join()
    assert found[0].status == 200


def test_over_the_budget_the_pool_without_work_gives_up_a_worker(house):
    house.option("WorkersMemory = 1 MiB")
    libfcgi(house, "MaxWorkers = 3")
    section(house, f"{worker_program(house)} two", "MaxWorkers = 3", name="other", extension="two")
    house.option("UseFastCGI = other")
    house.default.put("slow.two", "the same")
    house.start()
    assert house.get("/slow.fcgi?50").status == 200
    wait_for_state(house, "idle", lambda s: s["idle"] + s["ending"] <= 1)
    answers = at_once(house, ["/slow.two?600"] * 2)
    assert [a.status for a in answers] == [200] * 2
    assert len({a.text for a in answers}) == 1  # a second one had no room
    wait_until("the first pool to give", lambda: "WorkersMemory" in state(house)["last_end"])


# ---- before it starts ----


@pytest.mark.parametrize(
    "lines, words",
    [
        ("Run = /no/such/program", ["the program '/no/such/program' cannot be run"]),
        ("Run = /bin/true\nMinWorkers = 9", ["more MinWorkers (9) than MaxWorkers (8)"]),
        ("Run = /bin/true\nConnectTo = /run/x.sock", ["has both Run and ConnectTo"]),
        ("Run = php-cgi", ["'Run'"]),
        ("Run = /bin/true\nRunAs = nobody-at-all", ["there is no user 'nobody-at-all'" if os.getuid() == 0 else "root"]),
        ("Run = /bin/true\nWorkerMemory = 3G", ["more than all may have together"]),
        ("Run = /bin/true\nMinWorkers = 8\nWorkerMemory = 512M", ["MinWorkers of all pools may grow to 4 GiB"]),
    ],
)
def test_check_says_what_cannot_work(house, lines, words):
    body = lines.replace("\n", "\n  ")
    house.option("WorkersMemory = 2 GiB")
    house.option("UseFastCGI = own")
    house.section(f"FastCGIserver {{\n  FastCGIid = own\n  Extension = fcgi\n  {body}\n}}")
    _, text = house.check()
    for word in words:
        assert word in text
