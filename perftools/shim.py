"""The `perf` script: our verbs, or else the next `perf` on PATH, which is Linux perf.

Two virtual environments may each hold such a script. Every directory that one of them stood in is kept in an
environment variable and skipped by the next, so that they never call one another in a circle.
"""

import os
import sys

VERBS = ("audit", "explain", "recipes", "budget", "demo")
"""Ours; Linux perf has none of these."""
ALSO_OURS_ALONE = ((), ("--help",), ("-h",), ("--version",))
"""Linux perf's where there is one, else ours."""
SKIPPED = "PERFTOOLS_SHIM_SKIPPED"
COMPLETION = "_PERF_COMPLETE"
"""Set where a shell asks what Tab offers, or for the script that asks so."""


def main() -> int:
    """Run our verb, or become the real `perf`; 127, as in a shell, where there is none."""
    arguments = tuple(sys.argv[1:])
    if COMPLETION in os.environ:
        words = os.environ.get("COMP_WORDS", "").split(" ")
        if len(words) > 2 and words[1] not in VERBS:
            return 0  # Linux perf's verb: nothing to offer
    elif not arguments or arguments[0] not in VERBS:
        become_real_perf(arguments)
        if arguments not in ALSO_OURS_ALONE:
            print(f"perf: no other perf on PATH for {arguments[0]!r}; ours are: {', '.join(VERBS)}", file=sys.stderr)
            return 127
    from perftools.cli import main as perftools

    return perftools()


def become_real_perf(arguments: tuple[str, ...]) -> None:
    """Replace this process by the next `perf` on PATH; return if there is none that can be run."""
    skipped = [directory for directory in os.environ.get(SKIPPED, "").split(os.pathsep) if directory]
    skipped += [directory for directory in own_directories() if directory not in skipped]
    environment = {**os.environ, SKIPPED: os.pathsep.join(skipped)}
    for directory in os.get_exec_path():
        path = os.path.join(directory or os.curdir, "perf")
        if os.path.realpath(directory) in skipped or not os.path.isfile(path) or not os.access(path, os.X_OK):
            continue
        restore_signals()
        try:
            os.execve(path, [path, *arguments], environment)
        except OSError:  # a script whose interpreter is gone, another machine's binary
            continue


def own_directories() -> list[str]:
    """Where this script stands, and where it really is if it was reached by a symlink."""
    script = sys.argv[0]
    return [os.path.realpath(os.path.dirname(script)), os.path.dirname(os.path.realpath(script))]


def restore_signals() -> None:
    """Python ignores these from its start on, and an ignored signal stays ignored over exec: `perf script | head`."""
    import signal

    for name in ("SIGPIPE", "SIGXFSZ"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
