"""Arguments are shown without secrets, and still say what runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perftools.target.redact import redact, title

SECRETS = [
    ("--password", "hunter2"),
    ("--db-password", "hunter2"),
    ("-token", "hunter2"),
    ("--api-key=hunter2",),
    ("--apiKey", "hunter2"),
    ("--secret", "-hunter2"),
    ("API_TOKEN=hunter2",),
    ("env:SECRET_KEY='hunter2'",),
    ("postgresql://app:hunter2@db:5432/x",),
    ("https://hunter2@host/path",),
    ('{"password": "hunter2", "a": 1}',),
    ("Authorization: Bearer hunter2",),
    ("http://h/?a=1&access_token=hunter2&b=2",),
    ("app --token=hunter2 --workers 3",),
]

HARMLESS = [
    ("uvicorn", "auth:app", "--workers", "4", "--port=8000"),
    ("--max-tokens", "512", "--tokenizer", "fast"),
    ("--model", "sentence-transformers/all-MiniLM-L6-v2"),
    ("/opt/models/Qwen2.5-72B-Instruct-GPTQ-Int4/model.safetensors",),
    ("/home/app/.pyenv/versions/3.11.7/lib/python3.11/site-packages",),
    ("from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=7, pipe_handle=14)",),
    ("gunicorn: worker [recommendation_service_production.wsgi]",),
    ("--ssl-keyfile", "/etc/tls/key.pem"),
]


@pytest.mark.parametrize("argv", SECRETS, ids=" ".join)
def test_secrets_are_hidden(argv: tuple[str, ...]) -> None:
    shown = redact(("python", "app.py", *argv, "--verbose"))
    assert "hunter2" not in " ".join(shown)
    assert "***" in " ".join(shown)
    assert shown[-1] == "--verbose"


@pytest.mark.parametrize("argv", HARMLESS, ids=" ".join)
def test_other_arguments_stay(argv: tuple[str, ...]) -> None:
    assert redact(argv) == argv


@pytest.mark.parametrize(
    "random",
    [
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEK3Y1",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "/srv/3f2504e04f8911d39a0c0305e82c3301/x",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0",
    ],
)
def test_random_strings_are_hidden(random: str) -> None:
    assert random not in redact(("python", "app.py", random))[2]
    assert "***" in redact(("python", "app.py", random))[2]


@given(st.lists(st.text(max_size=400), max_size=120))
def test_any_arguments_are_cut_and_never_raise(argv: list[str]) -> None:
    shown = redact(tuple(argv))
    assert len(shown) <= 100
    assert all(len(arg) <= 300 for arg in shown)
    line = title(tuple(argv))
    assert len(line) <= 60
    assert line.isprintable()


def test_a_title_is_one_short_line_without_terminal_codes() -> None:
    assert title(("/opt/py/bin/python3", "-m", "uvicorn", "app:app")) == "python3 -m uvicorn app:app"
    assert title(("/opt/py/bin/python3", "-c", "a\n  b\x1b[31m")) == "python3 -c a b?[31m"


def test_a_long_title_keeps_the_ends_of_its_paths() -> None:
    program = "/srv/services/scoring/releases/2026-11-24/src/scoring/main.py"
    assert title(("/opt/venv/bin/python3.11", program, "--port", "8000")) == "python3.11 …/scoring/main.py --port 8000"
    assert title(("python", "/srv/scoring/main.py")) == "python /srv/scoring/main.py"
