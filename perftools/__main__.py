"""`python -m perftools` is `perftools`."""

from perftools.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
