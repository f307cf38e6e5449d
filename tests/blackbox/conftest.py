import contextlib
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import family  # noqa: E402
import house as house_module  # noqa: E402


def pytest_configure(config):
    family.adopt_orphans()


def pytest_report_header(config):
    return f"longhouse: {house_module.BINARY}"


@pytest.fixture
def new_house():
    """Makes houses for one test; all are closed, with all checks, at its end."""
    with contextlib.ExitStack() as stack:

        def make(name="test"):
            house = house_module.House(name)
            stack.callback(house.close)
            return house

        yield make
