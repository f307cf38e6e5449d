import long_run


def pytest_report_header(config):
    return f"faults: seed {long_run.SEED}, {long_run.TIMES} times the short run"
