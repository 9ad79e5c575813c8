import subprocess
import sys

import pytest


@pytest.mark.parametrize(("before", "loaded"), [("", False), ("import httpx; ", True)])
def test_a_command_line_is_left_out_unless_it_is_there(before: str, *, loaded: bool) -> None:
    script = (
        f"import sys; {before}from alertd.cli.unneeded import leave_out; leave_out(); import httpx; "
        "print(httpx.AsyncClient.__name__, 'rich' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == f"AsyncClient {loaded}\n"
