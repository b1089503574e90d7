"""Both sets of modules: applied, refused, wrong, and how much faster."""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import json
import statistics
import subprocess
import sys
from pathlib import Path

SETS = ("tuning", "heldout")
HERE = Path(__file__).parent
_TIMEOUT_S = 180


def main(argv: list[str]) -> int:
    """Judge the modules; 1 where an answer changed."""
    options = _parser().parse_args(argv)
    wrong = 0
    results = {}
    for name in [options.set] if options.set else SETS:
        paths = sorted(path for path in (HERE / name).glob("*.py") if not options.module or path.stem in options.module)
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            judged = list(pool.map(lambda path: _judge(path, every=options.all), paths))
        results[name] = judged
        wrong += _print(name, judged, verbose=options.verbose)
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=1))
    return 1 if wrong else 0


def _judge(path: Path, *, every: bool) -> dict:
    command = [sys.executable, "-m", f"{__package__}.module", str(path), *(["--all"] if every else [])]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return _failed(path, f"not done in {_TIMEOUT_S} s")
    return json.loads(done.stdout) if done.returncode == 0 else _failed(path, done.stderr.strip()[-400:])


def _failed(path: Path, why: str) -> dict:
    return {"module": path.stem, "functions": [], "taken": [], "refused": [], "problems": [why], "compared": 0,
            "speedups": {}, "elsewhere": 0}  # fmt: skip


def _print(name: str, judged: list[dict], *, verbose: bool) -> int:
    print(f"{name}: {len(judged)} modules written for the purpose")
    for each in judged:
        recipes = ", ".join(sorted({f"{one['recipe']}@{one['line']}" for one in each["taken"]})) or "-"
        speed = ", ".join(f"{key} {ratio:.3g}x" for key, ratio in each["speedups"].items())
        codes = collections.Counter(one["code"] for one in each["refused"])
        refused = ", ".join(f"{code} {count}" if count > 1 else code for code, count in codes.most_common())
        print(f"  {each['module']:<22} taken: {recipes}{f' ({speed})' if speed else ''}")
        print(f"  {'':<22} left: {refused or 'nothing that looks like a recipe'}")
        for problem in each["problems"]:
            print(f"  {'':<22} WRONG: {problem}")
        if verbose:
            for one in each["refused"]:
                print(f"  {'':<22} {one['function']}:{one['line']} {one['recipe']}: {one['reason']} ({one['code']})")
    taken = sum(len(each["taken"]) for each in judged)
    ratios = [ratio for each in judged for ratio in each["speedups"].values()]
    wrong = sum(bool(each["problems"]) for each in judged)
    compared = sum(each["compared"] for each in judged)
    speed = f", median {statistics.median(ratios):.3g}x at the calls' sizes" if ratios else ""
    print(f"{name}: {taken} places rewritten in {sum(bool(each['taken']) for each in judged)} modules{speed}; "
          f"{sum(len(each['refused']) for each in judged)} refused with a reason; "
          f"{compared} calls compared, {wrong} modules with a changed answer\n")  # fmt: skip
    return wrong


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m perftools_benchmarks recipes --modules", description=__doc__)
    parser.add_argument("--set", choices=SETS)
    parser.add_argument("--module", action="append", help="only this one; may be given again")
    parser.add_argument("--all", action="store_true", help="also what would not be offered, for want of speed")
    parser.add_argument("--jobs", type=int, default=1, help="modules at once")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--verbose", action="store_true", help="every refusal with its line")
    return parser
