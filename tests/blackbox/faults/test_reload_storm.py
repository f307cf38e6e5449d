"""One reload after the other, under load."""
import pytest

from everything import Crowd, everything
from house import opened, wait_until
from ledger import Ledger
from long_run import SEED, TIMES

RELOADS = 12 * TIMES


@pytest.fixture(scope="module")
def house():
    with everything("storm") as house:
        house.option("Reactors = 2")
        with opened(house):
            yield house


def test_no_request_fails_and_nothing_grows(house):
    ledger = Ledger(house)
    with Crowd(house, 6, SEED) as crowd:
        for number in range(RELOADS):
            house.options[:] = [line for line in house.options if "X-Number" not in line]
            house.option(f"CustomHeaderClient = X-Number: {number}")
            house.write_config()
            status, output, errors = house.verb("reload")
            assert status == 0, output + errors
    assert not crowd.unlike(200) and crowd.done > RELOADS
    wait_until("no former generation is in use", lambda: house.status()["generations_in_use"] == 1)
    assert house.status()["generation"] == RELOADS + 1
    assert house.get("/one.txt")["x-number"] == str(RELOADS - 1)
    ledger.balances()
    assert house.system_log().count("the configuration was reloaded") == RELOADS
