#!/bin/sh
# Makes the environment in VENV and installs perftools there, editable, with one extra: tools/venv.sh demo|test
#
#   VENV=.venv    the folder
#   PYTHON=       the interpreter; default: the first of python3.11, python3.12, ..., python3 that works and has pip
#   PIP_*         pip's own settings
#
# Needs Python >= 3.11 and pip >= 22.3, nothing else. The environment is made without pip and filled from outside
# (`pip --python`), because `python3 -m venv` fails, and leaves half an environment, where Debian's python3-venv is
# missing. The stamp is written last: an environment without a valid one is half-made or outdated, and made again.
set -euf
unset CDPATH
extra=$1
cd -- "$(dirname -- "$0")/.."
case ${VENV:=.venv} in /*) ;; *) VENV=$(pwd -P)/$VENV ;; esac
stamp=$VENV/.perftools # also says that the folder is ours to remove
log=$VENV.log
state=$(pwd -P && cat pyproject.toml setup.py | cksum)

fail() {
    printf 'perftools: %s\n' "$1" >&2
    exit 1
}

quietly() { # interpreter, code
    "$1" -c "$2" "$VENV" </dev/null 2>/dev/null
}

identity() {
    quietly "$1" 'import sys; print(sys.base_prefix, sys.version)'
}

# Made from these sources and by the interpreter that is asked for, and it runs.
is_current() {
    [ "$(head -n 2 "$stamp" 2>/dev/null)" = "$state" ] && installed=$(identity "$VENV/bin/python") &&
        { [ -z "${PYTHON-}" ] || [ "$(identity "$PYTHON")" = "$installed" ]; }
}

is_ready() { # the extra "test" includes "demo"
    is_current && { grep -qx test "$stamp" || grep -qx "$extra" "$stamp"; }
}

# Every folder on PATH counts, not only the first: a pyenv shim may stand before the interpreter that works.
candidates() {
    if [ -n "${PYTHON-}" ]; then
        command -v "$PYTHON"
        return
    fi
    for name in python3.11 python3.12 python3.13 python3.14 python3; do
        (IFS=: && for folder in $PATH; do [ ! -x "$folder/$name" ] || printf '%s\n' "$folder/$name"; done)
    done
}

is_python() {
    quietly "$1" 'import os, sys, venv
sys.exit(sys.version_info < (3, 11) or os.path.realpath(sys.prefix) == os.path.realpath(sys.argv[1]))'
}

pip_version() { # as a number: 2203 is pip 22.3
    quietly "$1" 'import pip, re
major, minor = re.match(r"(\d+)\.(\d+)", pip.__version__).groups()
print(int(major) * 100 + int(minor))' || echo 0
}

# Sets `python`, or says what is missing.
find_python() {
    lacking=
    IFS='
'
    for python in $(candidates); do
        is_python "$python" || continue
        [ "$(pip_version "$python")" -lt 2203 ] || return 0
        : "${lacking:=$python}"
    done
    if [ -n "$lacking" ] && [ "$(pip_version "$lacking")" = 0 ]; then
        fail "$lacking has no pip: install it (Debian: apt install python3-pip; else: $lacking -m ensurepip --user) or name another Python: make $extra PYTHON=/path/to/python"
    elif [ -n "$lacking" ]; then
        fail "the pip of $lacking is older than 22.3: $lacking -m pip install --user --upgrade pip"
    elif [ -n "${PYTHON-}" ]; then
        fail "PYTHON=$PYTHON is not a working Python >= 3.11 with the venv module: name another one, or leave PYTHON out"
    fi
    fail "no working Python >= 3.11 on PATH: install one (Debian: apt install python3 python3-pip) or name it: make $extra PYTHON=/path/to/python"
}

# One make at a time in this folder. The lock goes with this shell, however it ends.
lock() {
    exec 9<pyproject.toml
    "$python" -c 'import fcntl, sys
try:
    fcntl.flock(0, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("perftools: waiting for another make in this folder", file=sys.stderr)
    fcntl.flock(0, fcntl.LOCK_EX)' <&9
}

create() {
    if [ -e "$VENV" ] && [ ! -e "$stamp" ] && ! rmdir -- "$VENV" 2>/dev/null; then
        fail "$VENV was not made by this Makefile: remove it, or choose another folder: make $extra VENV=/path/to/folder"
    fi
    rm -rf -- "$VENV"
    [ -w . ] || fail "cannot write to $(pwd): clone the repository to a folder of your own"
    mkdir -p -- "$VENV" 2>/dev/null || fail "cannot make $VENV: choose another folder: make $extra VENV=/path/to/folder"
    trap 'rm -rf -- "$VENV"' EXIT
    : >"$stamp"
    "$python" -m venv --without-pip "$VENV" </dev/null >"$log" 2>&1 ||
        fail "$python cannot make an environment (its words: $log): name another Python: make $extra PYTHON=/path/to/python"
}

install() {
    trap 'rm -rf -- "$VENV"' EXIT
    : >"$stamp"
    printf 'perftools: installing into %s with %s; the output of pip goes to %s\n' "$VENV" "$python" "$log" >&2
    "$python" -m pip --python "$VENV/bin/python" install --no-input --no-user --only-binary :all: \
        --editable ".[$extra]" </dev/null >"$log" 2>&1 ||
        fail "pip failed$(sed -n '/ERROR: /{s/^ *ERROR:/:/p;q;}' "$log") (its output: $log): check the network and the PIP_ settings, then: make $extra"
    printf '%s\n%s\n' "$state" "$extra" >"$stamp"
    trap - EXIT
}

trap 'exit 130' HUP INT TERM
is_ready && exit
find_python
lock
is_ready && exit
is_current || create
install
