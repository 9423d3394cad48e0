import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_stack.compute.functions import Functions, Zygote
from local_stack.template.deployment import FunctionSpec

Write = Callable[[str, str], Path]
# After this time an edit has been seen.
SEEN = 0.25
ECHO = """
import os
calls = 0
def handler(event, context):
    global calls
    calls += 1
    return {"event": event, "calls": calls, "pid": os.getpid(), "environment": dict(os.environ),
            "name": context.function_name, "left": context.get_remaining_time_in_millis()}
"""


@pytest.fixture
def run(zygote: Zygote, tmp_path: Path) -> Iterator[Callable[..., Functions]]:
    made: list[Functions] = []

    def make(**changes: Any) -> Functions:
        values: dict[str, Any] = {
            "logical_id": "F",
            "name": "stack-F",
            "arn": "arn:aws:lambda:us-east-1:123456789012:function:stack-F",
            "handler": "app.handler",
            "code": tmp_path / "code",
            "layers": (tmp_path / "layer",),
            "environment": {"MINE": "1"},
            "timeout": 5.0,
            "memory": 128,
            **changes,
        }
        functions = Functions(
            {"F": FunctionSpec(**values)}, zygote, "http://127.0.0.1:1", "us-east-1", tmp_path / "pycache"
        )
        made.append(functions)
        return functions

    yield make
    for functions in made:
        functions.close()


def result(functions: Functions, event: Any = None) -> Any:
    outcome = functions.invoke("F", event)
    assert outcome.error is None, outcome.error
    assert outcome.result is not None
    return json.loads(outcome.result)


def test_a_function_sees_its_own_environment_alone(
    run: Callable[..., Functions], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("code/app.py", ECHO)
    monkeypatch.setenv("SOMEBODY_ELSES", "1")
    seen = result(run())["environment"]
    assert seen["MINE"] == "1"
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == "stack-F"
    assert seen["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert not {"SOMEBODY_ELSES", "HOME", "VIRTUAL_ENV", "PYTHONPATH"} & set(seen)


def test_a_function_gets_its_event_and_a_context(run: Callable[..., Functions], write: Write) -> None:
    write("code/app.py", ECHO)
    answer = result(run(), {"ä": [1, None]})
    assert answer["event"] == {"ä": [1, None]}
    assert answer["name"] == "stack-F"
    assert 4000 < answer["left"] <= 5000


def test_a_sandbox_stays_warm(run: Callable[..., Functions], write: Write) -> None:
    write("code/app.py", ECHO)
    functions = run()
    assert [result(functions)["calls"] for _ in range(3)] == [1, 2, 3]


def test_edited_code_is_picked_up(run: Callable[..., Functions], write: Write) -> None:
    write("code/app.py", "def handler(event, context):\n    return 1\n")
    functions = run()
    assert result(functions) == 1
    write("code/app.py", "def handler(event, context):\n    return 2\n")
    time.sleep(SEEN)
    assert result(functions) == 2


def test_an_edited_layer_is_picked_up(run: Callable[..., Functions], write: Write) -> None:
    write("code/app.py", "from shared import VALUE\ndef handler(event, context):\n    return VALUE\n")
    write("layer/shared/__init__.py", "VALUE = 1\n")
    functions = run()
    assert result(functions) == 1
    write("layer/shared/__init__.py", "VALUE = 2\n")
    time.sleep(SEEN)
    assert result(functions) == 2


def test_code_is_not_looked_at_again_for_each_invocation(
    run: Callable[..., Functions], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Path] = []

    def look(folder: Path) -> int:
        looked.append(folder)
        return 1

    monkeypatch.setattr("local_stack.compute.functions._version", look)
    monkeypatch.setattr("local_stack.compute.functions._SEEN_SECONDS", 60)
    write("code/app.py", ECHO)
    functions = run()
    for _ in range(3):
        result(functions)
    assert [folder.name for folder in looked] == ["code", "layer"]


def test_the_working_tree_stays_clean(run: Callable[..., Functions], write: Write, tmp_path: Path) -> None:
    write("code/app.py", "import shared\ndef handler(event, context):\n    return 1\n")
    write("layer/shared.py", "")
    result(run())
    assert not list((tmp_path / "code").rglob("__pycache__")) + list((tmp_path / "layer").rglob("__pycache__"))


def test_a_function_that_takes_too_long_is_ended(run: Callable[..., Functions], write: Write) -> None:
    write("code/app.py", "import time\ndef handler(event, context):\n    time.sleep(event)\n    return 'done'\n")
    functions = run(timeout=0.3)
    outcome = functions.invoke("F", 20)
    assert outcome.error is not None
    assert outcome.error["errorType"] == "Sandbox.Timedout"
    assert outcome.error["errorMessage"].endswith("Task timed out after 0.30 seconds")
    assert result(functions, 0) == "done"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("raise KeyError('x')", "KeyError"),
        ("import sys; sys.exit(3)", "Runtime.ExitError"),
        ("import os; os._exit(3)", "Runtime.ExitError"),
        ("return object()", "Runtime.MarshalError"),
        ("return 'x' * (7 * 1024 * 1024)", "Function.ResponseSizeTooLarge"),
    ],
)
def test_what_goes_wrong_is_the_functions_error(
    run: Callable[..., Functions], write: Write, body: str, kind: str
) -> None:
    write("code/app.py", f"def handler(event, context):\n    {body}\n")
    outcome = run().invoke("F", None)
    assert outcome.error is not None
    assert outcome.error["errorType"] == kind


def test_code_that_cannot_be_imported_is_tried_again_once_it_is_mended(
    run: Callable[..., Functions], write: Write
) -> None:
    write("code/app.py", "import nothing_like_this\n")
    functions = run()
    outcome = functions.invoke("F", None)
    assert outcome.error is not None
    assert outcome.error["errorType"] == "Runtime.ImportModuleError"
    write("code/app.py", "def handler(event, context):\n    return 'mended'\n")
    assert result(functions) == "mended"


def test_a_busy_function_gets_more_sandboxes_and_never_two_events_at_once(
    run: Callable[..., Functions], write: Write
) -> None:
    write(
        "code/app.py",
        "import os, time\nbusy = False\n"
        "def handler(event, context):\n    global busy\n    assert not busy\n    busy = True\n"
        "    time.sleep(0.2)\n    busy = False\n    return os.getpid()\n",
    )
    functions = run()
    pids: list[int] = []
    threads = [threading.Thread(target=lambda: pids.append(result(functions))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 8
    assert 2 <= len(set(pids)) <= 4


def test_no_sandbox_outlives_its_function(run: Callable[..., Functions], write: Write) -> None:
    write("code/app.py", ECHO)
    functions = run()
    pid = result(functions)["pid"]
    functions.close()
    ends = time.monotonic() + 2
    while time.monotonic() < ends and not _gone(pid):
        time.sleep(0.01)
    assert _gone(pid)


def test_a_sandbox_that_is_started_while_its_function_ends_is_not_waited_for(
    run: Callable[..., Functions], write: Write
) -> None:
    write("code/app.py", "import time\ndef handler(event, context):\n    time.sleep(4)\n")
    functions = run()
    functions.close()
    began = time.monotonic()
    outcome = functions.invoke("F", None)
    assert time.monotonic() - began < 3
    assert outcome.error is not None
    assert outcome.error["errorType"] == "Runtime.ExitError"


def _gone(pid: int) -> bool:
    # A process that nobody has waited for yet is gone all the same.
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False


def test_what_a_function_prints_is_shown_under_its_name(
    run: Callable[..., Functions], write: Write, capfd: pytest.CaptureFixture[str]
) -> None:
    write("code/app.py", "def handler(event, context):\n    print('look here')\n    return 1\n")
    result(run())
    ends = time.monotonic() + 2
    shown = ""
    while time.monotonic() < ends and "look here" not in shown:
        shown += capfd.readouterr().err
        time.sleep(0.01)
    assert "[F] look here" in shown
