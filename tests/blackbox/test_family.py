"""The end of a program is the end of all that it started, wherever that went."""
import os
import signal
import time

import family
import pytest

from house import wait_until

# Each writes the process ids of what it leaves, then its own answer.
STARTERS = {
    "group": "sleep 987 >/dev/null 2>&1 &\necho $!\n",
    "session": "setsid sleep 987 >/dev/null 2>&1 &\nsleep 0.2\necho 0\n",
    "double": "( ( setsid sh -c 'sleep 987 & sleep 988' >/dev/null 2>&1 & ) & )\nsleep 0.2\necho 0\n",
    "stubborn": "setsid sh -c 'trap \"\" TERM; while :; do sleep 987; done' >/dev/null 2>&1 &\nsleep 0.2\necho 0\n",
    "stopped": "setsid sh -c 'kill -STOP $$; sleep 987' >/dev/null 2>&1 &\nsleep 0.2\necho 0\n",
    "nameless": "env -i setsid sleep 987 >/dev/null 2>&1 &\nsleep 0.2\necho 0\n",
}


@pytest.fixture(params=["auto", "no"])
def house(request, new_house):
    house = new_house("family")
    house.option(f"Cgroup = {request.param}")
    house.option("CGIhandler = /bin/sh:sh")
    house.option("KillGrace = 300ms")
    house.option("ExecuteCGI = yes")
    house.option("TimeForCGI = 2")
    head = "echo Content-Type: text/plain\necho\n"
    for name, words in STARTERS.items():
        house.default.put(f"{name}.sh", head + words)
        house.default.put(f"{name}-stays.sh", head + words + "sleep 986\n")
    house.default.put("hello.sh", head + "echo hello\n")
    return house


def nothing_left(house, deadline_s=3.0):
    def none():
        return not family.children(house.spawner_pid())

    wait_until(f"nobody left: {[family.describe(pid) for pid in family.children(house.spawner_pid())]}", none, deadline_s)


@pytest.mark.parametrize("name", STARTERS)
def test_what_an_ended_program_leaves_is_ended(house, name):
    house.start()
    assert house.get(f"/{name}.sh").status == 200
    nothing_left(house)


@pytest.mark.parametrize("name", STARTERS)
def test_the_time_limit_ends_all(house, name):
    house.start()
    begun = time.monotonic()
    answer = house.get(f"/{name}-stays.sh")
    assert not answer.complete or answer.status == 504
    assert time.monotonic() - begun < 4
    nothing_left(house)


@pytest.mark.parametrize("name", STARTERS)
def test_a_client_that_leaves_ends_all_within_a_second(house, name):
    house.start()
    with house.visit() as visitor:
        visitor.request("GET", f"/{name}-stays.sh")
        visitor.first_bytes(1)
        wait_until("the program to run", house.programs)
        time.sleep(0.3)
    nothing_left(house, 1.0)


def test_the_family_of_another_request_is_left_alone(house):
    patient = house.host("patient.test", "  ExecuteCGI = yes\n  TimeForCGI = 60")
    patient.put("stays.sh", house.default.root.joinpath("session-stays.sh").read_bytes())
    house.start()
    with house.visit() as visitor:
        visitor.request("GET", "/stays.sh", host=patient.name)
        visitor.first_bytes(1)

        def sleepers():
            return [pid for pid in house.programs() if "sleep 98" in family.describe(pid)]

        before = wait_until("both of them", lambda: found if len(found := sleepers()) == 2 else None)
        for _ in range(3):
            assert house.get("/double.sh").status == 200
        assert all(family.is_alive(pid) for pid in before)
    nothing_left(house)


@pytest.mark.parametrize("who", ["server", "spawner", "supervisor"])
@pytest.mark.parametrize("name", STARTERS)
def test_no_process_survives_the_death_of_one_of_ours(house, who, name):
    house.start()
    with house.visit() as visitor:
        visitor.request("GET", f"/{name}-stays.sh")
        visitor.first_bytes(1)
        programs = wait_until("two processes", lambda: p if len(p := house.programs()) >= 2 else None)
        victim = house.process.pid if who == "supervisor" else house.pid_of(who)
        everybody = programs if who != "supervisor" else family.descendants(house.process.pid)
        os.kill(victim, signal.SIGKILL)
        if who == "supervisor":
            house.process.wait()
        wait_until("all to be gone", lambda: not [pid for pid in everybody if family.is_alive(pid)])
