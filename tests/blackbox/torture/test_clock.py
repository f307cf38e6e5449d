"""The wall clock jumps, forwards and back: timers, programs, logs and what is cached go on."""
import pytest

from everything import REQUESTS, Crowd
from house import wait_until
from long_run import SEED

DAY = 86400


@pytest.mark.parametrize("seconds", [DAY, -DAY, 3600 * 5, -60, 20 * 365 * DAY])
def test_a_step_ends_no_request(house, seconds):
    server = house.server_pid()
    with Crowd(house, 4, SEED) as crowd:
        for step in (0, seconds, 0):
            for page in house.pages.values():
                page.step(step)
            goal = crowd.done + 60
            wait_until("some answers", lambda: crowd.done >= goal, 30)
    assert not crowd.unlike(200)
    assert house.server_pid() == server
    assert house.system_log().count("\n") < 20, house.system_log()
