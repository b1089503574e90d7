"""A program that behaves like py-spy, well or badly, without looking at any process."""

from __future__ import annotations

import json
import sys
from pathlib import Path

_PROGRAM = """#!{python} -IS
import signal, sys, time
output = sys.argv[sys.argv.index("--output") + 1]
def write(text=None):
    with open(output, "w") as file:
        file.write({document!r} if text is None else text)
def say(text):
    print(text, flush=True)
def interrupted(number, frame):
    say("Stopped sampling because Control-C pressed")
    write()
    say("Wrote speedscope file. Samples: 0 Errors: 3")
    sys.exit(0)
signal.signal(signal.SIGINT, interrupted)
{behaviour}
"""


def document(threads: dict[str, list[list[str]]]) -> str:
    """A speedscope file: profile name to stacks, root first, of functions in app.py, whose lines are their lengths."""
    names = sorted({name for stacks in threads.values() for stack in stacks for name in stack})
    frames = [{"name": name, "file": "/srv/app.py", "line": len(name), "col": None} for name in names]
    frames.append({"name": "thread (1): x", "file": "", "line": 0, "col": None})
    profiles = [
        {
            "type": "sampled",
            "name": name,
            "unit": "seconds",
            "startValue": 0.0,
            "endValue": 1.0,
            "samples": [[len(names), *map(names.index, stack)] for stack in stacks],
            "weights": [0.01] * len(stacks),
        }
        for name, stacks in threads.items()
    ]
    shared = {"frames": frames}
    return json.dumps({"profiles": profiles, "shared": shared, "exporter": "py-spy@0.4.3", "activeProfileIndex": None})


WELL = 'write(); say("py-spy> Wrote speedscope file to x. Samples: 3 Errors: 2")'
"""Ends at once, with a file."""
SLEEPS = "time.sleep(30)"
SPINS = "while True: pass"
DEAF = "signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(30)"
LATE = 'say("py-spy> 2.50s behind in sampling, results may be inaccurate."); time.sleep(30)'
REFUSED = """print("Permission Denied: Try running again with elevated permissions by going 'sudo !!'", file=sys.stderr)
sys.exit(1)"""


def install(folder: Path, behaviour: str, threads: dict[str, list[list[str]]] | None = None) -> str:
    """Its path."""
    program = folder / "py-spy"
    program.write_text(_PROGRAM.format(python=sys.executable, document=document(threads or {}), behaviour=behaviour))
    program.chmod(0o755)
    return str(program)
