"""Where requests wait: which waits are a request's, at which line and in what words; verdict, table and document."""

from __future__ import annotations

import json
import textwrap
from typing import Any, Literal

import msgspec
import pytest
from msgspec.structs import replace

from perftools import record
from perftools.causes.evidence import Evidence
from perftools.causes.waits import wait_table
from perftools.cli import outcome
from perftools.detect.diagnose import diagnose
from perftools.detect.verdict import verdict
from perftools.finding import Diagnosis, WaitTable
from perftools.record import Audit, Missing, RoundTime, Source, Threads, Wait, WaitLooks, Waits
from perftools.report import document, terminal
from tests import build

APP = "/srv/app/app.py"
LIB = "/usr/lib/python3.11"
SITE = "/opt/venv/lib/python3.11/site-packages"
LOOKS = 200

Frame = tuple[str, str, int | str]
"""Function, file, line (or its text, in the app)."""

FLASK: tuple[Frame, ...] = (("Flask.dispatch_request", f"{SITE}/flask/app.py", 900),)
THREAD: tuple[Frame, ...] = (
    ("Thread._bootstrap", f"{LIB}/threading.py", 995),
    ("Thread._bootstrap_inner", f"{LIB}/threading.py", 1038),
    ("Thread.run", f"{LIB}/threading.py", 975),
)
POOL: tuple[Frame, ...] = (
    *THREAD,
    ("_worker", f"{LIB}/concurrent/futures/thread.py", 83),
    ("_WorkItem.run", f"{LIB}/concurrent/futures/thread.py", 58),
)
HTTP: tuple[Frame, ...] = (
    *THREAD,
    ("ThreadingMixIn.process_request_thread", f"{LIB}/socketserver.py", 691),
    ("BaseHTTPRequestHandler.handle_one_request", f"{LIB}/http/server.py", 424),
)
UVICORN: tuple[Frame, ...] = (("RequestResponseCycle.run_asgi", f"{SITE}/uvicorn/protocols/http/h11_impl.py", 400),)
THREAD_WAIT: tuple[Frame, ...] = (("Event.wait", f"{LIB}/threading.py", 607),)
READ: tuple[Frame, ...] = (("SocketIO.readinto", f"{LIB}/socket.py", 706),)
URLLIB: tuple[Frame, ...] = (
    ("urlopen", f"{LIB}/urllib/request.py", 216),
    ("HTTPResponse.begin", f"{LIB}/http/client.py", 318),
    *READ,
)
RESULT: tuple[Frame, ...] = (
    ("Future.result", f"{LIB}/concurrent/futures/_base.py", 451),
    ("Condition.wait", f"{LIB}/threading.py", 320),
)


class Scene:
    """A source and what stands in it; then its table."""

    def __init__(self, text: str, *, busy: float = 0.1, cpu: float = 0.1, gil: int | None = 0) -> None:
        self.text = textwrap.dedent(text).strip("\n")
        self.busy, self.cpu, self.gil = busy, cpu, gil
        self.frames: dict[tuple[str, str, int], int] = {}
        self.stacks: dict[tuple[int, ...], int] = {}
        self.waits: list[Wait] = []
        self.tasks: Missing | None = None

    def line(self, text: str | int) -> int:
        if isinstance(text, int):
            return text
        (found,) = [at for at, line in enumerate(self.text.split("\n"), 1) if text in line]
        return found

    def stand(
        self,
        mean: float,
        *stack: Frame,
        call: str = "recvfrom",
        kind: Literal["thread", "task"] = "thread",
        longest_s: float = 0.1,
    ) -> Scene:
        """So many stand there on average: root first."""
        rows = ((function, file, self.line(line)) for function, file, line in reversed(stack))
        key = tuple([self.frames.setdefault(row, len(self.frames)) for row in rows])
        at = self.stacks.setdefault(key, len(self.stacks))
        self.waits.append(
            Wait(pid=4712, kind=kind, stack=at, call=call, looks=round(mean * LOOKS), longest_s=longest_s)
        )
        return self

    def audit(self) -> Audit:
        looks = WaitLooks(
            pid=4712, looks=LOOKS, span_s=20.0, failed=1, running=round(self.busy * LOOKS), gil=self.gil,
            tasks=self.tasks,
        )  # fmt: skip
        seen = Waits(
            cost=build.cost(), frames=tuple(self.frames), stacks=tuple(self.stacks), looks=(looks,),
            waits=tuple(self.waits),
        )  # fmt: skip
        threads = Threads(
            cost=build.cost(),
            rounds=(RoundTime(pid=4712, round=0, start_s=0.0, duration_s=20.0, cpu_s=20 * self.cpu),),
            times=(),
        )
        source = Source(file=APP, first_line=1, text=self.text, sha256="", function="<module>")
        observations = build.observations(
            samples=build.samples(0, runs=build.samples(0).runs), threads=threads, waits=seen
        )
        service = build.target(processes=(build.process(4712),))
        return build.audit(observations=observations, sources=(source,), target=service)

    def table(self) -> WaitTable:
        found = wait_table(Evidence(self.audit()))
        assert isinstance(found, WaitTable)
        return found

    def first(self) -> tuple[str, str]:
        """Text of the first line and what it waits for."""
        top = self.table().lines[0]
        return self.text.split("\n")[top.where.line - 1].strip(), top.what

    def parked(self) -> bool:
        return not self.table().lines and self.table().waiting == 0


def app(function: str, line: str | int) -> Frame:
    return (function, APP, line)


HANDLER = """
    import time

    def rank(user):
        row = client.get(user)
        with LOCK:
            row += 1
        time.sleep(0.1)
        rows = db.execute("select 1").fetchall()
        data = sock.recv(100)
        return run(row)
"""


@pytest.mark.parametrize(
    ("line", "inside", "call", "said"),
    [
        ("client.get", (("get", f"{SITE}/redis/client.py", 9), *READ), "recvfrom", "redis recv"),
        ("client.get", (("get", f"{SITE}/redis/client.py", 9), *READ), "poll", "redis recv"),
        ("client.get", URLLIB, "recvfrom", "urllib recv"),
        ("client.get", (("sleep", f"{LIB}/asyncio/tasks.py", 9),), "epoll_wait", "asyncio.sleep"),
        ("with LOCK", (), "futex", "lock"),
        ("time.sleep", (), "clock_nanosleep", "time.sleep"),
        ("time.sleep", (), "select", "time.sleep"),
        ("db.execute", (), "clock_nanosleep", "db.execute (sleep)"),
        ("sock.recv", (), "recvfrom", "socket recv"),
        ("sock.recv", (), "poll", "socket recv"),
        ("run(row)", (("run", f"{LIB}/subprocess.py", 5), ("Popen.wait", f"{LIB}/subprocess.py", 9)), "wait4",
         "subprocess.run"),
        ("run(row)", (("Popen.wait", f"{LIB}/subprocess.py", 9),), "wait4", "Popen.wait"),
        ("client.get", (("Queue.get", f"{LIB}/queue.py", 5), ("Condition.wait", f"{LIB}/threading.py", 9)), "futex",
         "Queue.get"),
        ("client.get", (("get", f"{LIB}/queue.py", 5), ("wait", f"{LIB}/threading.py", 9)), "futex", "Queue.get"),
    ],
)  # fmt: skip
def test_a_request_that_waits_is_told_by_the_users_line_and_what_it_calls(line, inside, call, said):
    scene = Scene(HANDLER).stand(3.0, *FLASK, app("rank", line), *inside, call=call)
    text, what = scene.first()
    assert line in text and what == said
    top = scene.table().lines[0]
    assert top.mean == pytest.approx(3.0) and top.share == pytest.approx(3.0 / 3.1) and top.kind == "thread"


PARKED = """
    import queue, threading

    def worker():
        while True:
            job = jobs.get()
            done(fetch(job))

    def fetch(job):
        return sock.recv(10)

    def watch():
        while not stop.is_set():
            stop.wait(1)
            refresh()

    def refresh():
        return sock.recv(20)

    def serve(conn):
        while True:
            data = conn.recv(4096)
            if not data:
                return
            conn.sendall(answer(data))

    def answer(data):
        parts = []
        while True:
            part = peer.recv(5)
            if not part:
                return parts
            parts.append(part)

    async def ask():
        answer = b""
        while not answer.endswith(b"."):
            answer += await reader.read(100)
        writer.close()
        return answer

    async def chat(reader, writer):
        while not reader.at_eof():
            line = await reader.readline()
            writer.write(await ask())

    def consume():
        for message in consumer:
            handle(message)

    async def events(request):
        while True:
            if await request.is_disconnected():
                break
            yield "tick"
            await asyncio.sleep(1)

    async def live(receive):
        while True:
            message = await receive()
            answer(message)

    def receive():
        return jobs.get(timeout=1)

    def helped():
        while True:
            job = receive()
            done(job)

    def follow():
        while True:
            settings = urlopen(CONFIG).read()
            apply(settings)
            time.sleep(30)

    def flusher():
        while True:
            flush()

    def flush():
        event.wait(5)
        return sock.recv(30)

    def main():
        thread.join()
        event.wait()
        app.run()

    main()  # start
"""
GET: tuple[Frame, ...] = (("Queue.get", f"{LIB}/queue.py", 171), ("Condition.wait", f"{LIB}/threading.py", 320))


@pytest.mark.parametrize(
    "stack",
    [
        POOL[:4],  # a pool's thread without a job
        (("Arbiter.run", f"{SITE}/gunicorn/arbiter.py", 200), ("run", f"{SITE}/gunicorn/workers/sync.py", 30)),
        (*THREAD[:2], ("Timer.run", f"{LIB}/threading.py", 1366), ("Event.wait", f"{LIB}/threading.py", 607)),
        (*HTTP, *READ),  # a connection whose client says nothing
        (*THREAD, app("worker", "jobs.get()"), *GET),
        (*THREAD, app("watch", "stop.wait(1)"), ("Event.wait", f"{LIB}/threading.py", 607)),
        (*THREAD, app("watch", "    refresh()"), app("refresh", "sock.recv(20)")),  # a watchdog's own affair
        (*THREAD, app("follow", "time.sleep(30)")),
        (*THREAD, app("follow", "urlopen(CONFIG)"), *URLLIB),
        (*THREAD, app("flusher", "    flush()"), app("flush", "event.wait(5)"), *THREAD_WAIT),
        (*THREAD, app("serve", "conn.recv(4096)")),
        (*THREAD, app("consume", "in consumer"), ("KafkaConsumer.poll", f"{SITE}/kafka/consumer/group.py", 650)),
        (*UVICORN, app("events", "asyncio.sleep(1)"), ("sleep", f"{LIB}/asyncio/tasks.py", 650)),
        (*THREAD, app("helped", "job = receive()"), app("receive", "jobs.get(timeout=1)"), *GET),
        (app("<module>", "main()  # start"), app("main", "thread.join()"), ("join", f"{LIB}/threading.py", 1112)),
        (app("main", "app.run()"), ("BaseServer.serve_forever", f"{LIB}/socketserver.py", 233)),
        (app("main", "app.run()"), ("run", f"{SITE}/uvicorn/main.py", 500), ("BaseEventLoop.run_forever",
         f"{LIB}/asyncio/base_events.py", 607)),
        (("LifespanOn.main", f"{SITE}/uvicorn/lifespan/on.py", 86), app("live", "await receive()"),
         ("LifespanOn.receive", f"{SITE}/uvicorn/lifespan/on.py", 137)),
    ],
)  # fmt: skip
def test_what_is_parked_is_no_request(stack):
    assert Scene(PARKED).stand(2.0, *stack, call="futex").parked()


@pytest.mark.parametrize(
    ("stack", "line"),
    [
        ((*THREAD, app("worker", "done(fetch(job))"), app("fetch", "sock.recv(10)")), "return sock.recv(10)"),
        ((*POOL, app("fetch", "sock.recv(10)")), "return sock.recv(10)"),
        ((*THREAD, app("consume", "handle(message)"), app("fetch", "sock.recv(10)")), "return sock.recv(10)"),
        ((*THREAD, app("flusher", "    flush()"), app("flush", "sock.recv(30)")), "return sock.recv(30)"),
        ((*FLASK, app("fetch", "sock.recv(10)"), ("call", f"{SITE}/grpc/_channel.py", 9)), "return sock.recv(10)"),
        ((*HTTP, app("answer", "peer.recv(5)")), "part = peer.recv(5)"),
        ((*THREAD, app("serve", "conn.sendall(answer(data))"), app("answer", "peer.recv(5)")), "part = peer.recv(5)"),
        ((*HTTP, app("receive", "jobs.get(timeout=1)"), *GET), "return jobs.get(timeout=1)"),
    ],
)
def test_work_in_hand_is_a_request(stack, line):
    assert Scene(PARKED).stand(2.0, *stack).first()[0] == line


def test_so_is_a_task_that_reads_an_answer_to_its_end_and_none_that_waits_for_its_client():
    read = ("StreamReader.read", f"{LIB}/asyncio/streams.py", 700)
    asking = Scene(PARKED).stand(2.0, app("ask", "reader.read(100)"), read, call="StreamReader", kind="task")
    assert asking.first() == ("answer += await reader.read(100)", "StreamReader.read")
    chatting = Scene(PARKED).stand(2.0, app("chat", "reader.readline()"), read, call="StreamReader", kind="task")
    assert chatting.parked()
    below = (app("chat", "writer.write(await ask())"), app("ask", "reader.read(100)"), read)
    assert Scene(PARKED).stand(2.0, *below, call="StreamReader", kind="task").first()[0].startswith("answer +=")


def test_a_time_limit_is_no_name_for_what_it_limits():
    scene = Scene(
        """
        async def ask():
            return await asyncio.wait_for(reader.read(16), 0.2)
        """
    )
    wait_for = ("wait_for", f"{LIB}/asyncio/tasks.py", 479)
    scene.stand(2.0, *UVICORN, app("ask", "wait_for"), wait_for, call="Future", kind="task")
    assert scene.first()[1] == "reader.read"


def test_what_stands_still_all_the_time_is_parked_unless_a_server_called_it():
    def stands(*stack: Frame, longest_s: float) -> bool:
        return not Scene(PARKED).stand(1.0, *stack, longest_s=longest_s, call="futex").parked()

    event = (app("main", "event.wait()"), ("Event.wait", f"{LIB}/threading.py", 607))
    assert not stands(*event, longest_s=19.0)
    assert stands(*event, longest_s=2.0)
    assert stands(*FLASK, *event, longest_s=19.0), "requests in a deadlock stand still, too"


POOLS = """
    def handler(self):
        job = POOL.submit(render, 7)
        image = job.result(timeout=30)
        return image

    def render(number):
        return urlopen(number)

    async def page(request):
        body = await asyncio.to_thread(render, 1)
        both = await asyncio.gather(ask(1), ask(2))
        return body

    async def ask(shop):
        line = await reader.readline()
        return line
"""


@pytest.mark.parametrize(
    ("waiting", "first"), [(10.0, "image = job.result(timeout=30)"), (2.0, "return urlopen(number)")]
)
def test_who_waits_for_a_pool_counts_only_as_far_as_no_job_stands_for_it(waiting, first):
    scene = Scene(POOLS).stand(waiting, *HTTP, app("handler", "job.result"), *RESULT, call="futex")
    scene.stand(2.0, *POOL, app("render", "urlopen"), *URLLIB)
    assert scene.first()[0] == first
    assert scene.table().waiting == pytest.approx(max(waiting, 2.0))


def test_tasks_that_wait_for_a_thread_or_other_tasks_are_told_by_these():
    to_thread = ("to_thread", f"{LIB}/asyncio/threads.py", 25)
    scene = Scene(POOLS).stand(3.0, *UVICORN, app("page", "to_thread"), to_thread, call="Future", kind="task")
    scene.stand(3.0, *POOL, app("render", "urlopen"), *URLLIB)
    assert scene.first() == ("return urlopen(number)", "urllib recv")
    readline = (("StreamReader.readline", f"{LIB}/asyncio/streams.py", 568),)
    scene = Scene(POOLS).stand(3.0, *UVICORN, app("page", "gather"), call="gather", kind="task")
    scene.stand(2.5, app("ask", "reader.readline"), *readline, call="StreamReader", kind="task")
    assert scene.first() == ("line = await reader.readline()", "StreamReader.readline")
    assert scene.table().lines[0].kind == "task"


def test_a_loops_selector_is_no_wait_of_requests():
    loop = (
        ("run", f"{LIB}/asyncio/runners.py", 190), ("BaseEventLoop.run_forever", f"{LIB}/asyncio/base_events.py", 607),
        ("EpollSelector.select", f"{LIB}/selectors.py", 468),
    )  # fmt: skip
    assert Scene(PARKED).stand(1.0, app("main", "app.run()"), *loop, call="epoll_wait").parked()


def rank(mean: float = 3.0, **more: Any) -> Scene:
    return Scene(HANDLER, **more).stand(mean, *FLASK, app("rank", "sock.recv"), call="recvfrom")


def test_requests_that_wait_on_idle_cpus_are_the_verdict():
    meant = diagnose(rank().audit())
    assert meant.verdict[0].text == (
        "Not CPU-bound: 5 % of 2 CPUs; requests wait in app.py:9 rank() -> socket recv, 97 % of their time."
    )
    assert outcome.exit_code(rank().audit(), meant, "never") == 0, "a verdict, not idle"


def test_beside_requests_that_wait_no_line_is_blamed_for_its_share_of_little_cpu():
    audit = rank().audit()
    of_wall = build.share(0.01, 0.01, 0.01, of="wall")
    pause = build.finding(rule="gc-pause", severity="medium", share=of_wall, where=None, heat=())
    table, waits = build.time_table(), diagnose(audit).waits
    said = verdict([pause], [], [], table, waits, Evidence(audit), rules=1)
    assert [clause.finding for clause in said] == [None, 1] and said[0].text.startswith("Not CPU-bound")
    busy = verdict([pause], [], [], table, Missing(code="E-ABSENT", reason="not recorded"), Evidence(audit), rules=1)
    assert any("which no rule covers" in clause.text for clause in busy)


@pytest.mark.parametrize(
    "scene",
    [
        rank(busy=1.4, cpu=1.2),  # more than half of the CPUs
        rank(0.6, busy=0.5, cpu=0.5),  # requests run nearly as long as they wait
        rank(6.0, busy=0.9, cpu=0.9),  # a loop or GIL that is taken: they wait for their turn
        rank(0.05),  # hardly any request
        rank(3.0, busy=0.2, gil=LOOKS),  # they wait for the GIL
    ],
)
def test_a_service_that_computes_or_is_idle_is_not_called_not_cpu_bound(scene):
    assert not scene.table().not_cpu_bound
    meant = diagnose(scene.audit())
    assert not any("Not CPU-bound" in clause.text for clause in meant.verdict)


def test_idle_is_idle():
    idle = Scene(PARKED).stand(8.0, *POOL[:4], call="futex").audit()
    meant = diagnose(idle)
    assert outcome.exit_code(idle, meant, "never") == 4
    assert isinstance(meant.waits, WaitTable) and not meant.waits.lines


def test_waiting_for_the_gil_is_no_wait_where_it_cannot_be_told():
    blind = Scene(HANDLER, gil=None).stand(3.0, *FLASK, app("rank", "return run(row)"), call="futex")
    assert blind.parked()
    assert Scene(HANDLER, gil=None).stand(3.0, *FLASK, app("rank", "sock.recv"), call="futex").first()


def shown(scene: Scene, width: int = 100) -> tuple[str, Diagnosis]:
    audit = scene.audit()
    meant = diagnose(audit)
    return terminal.render(audit, meant, width=width, colour=False), meant


@pytest.mark.parametrize("width", [60, 100])
def test_the_report_shows_the_table(width):
    scene = rank().stand(1.0, *FLASK, app("rank", "time.sleep"), call="clock_nanosleep", longest_s=2.5)
    scene.tasks = Missing(code="V-BUILD", reason="no idea")
    text, _ = shown(scene, width)
    flat = " ".join(text.split())
    assert "app.py:9 rank() -> socket recv" in flat
    assert "app.py:7 rank() -> time.sleep" in flat
    assert "up to 2.5 s at a stretch" in flat
    assert "requests wait: 4.0 at a time" in flat
    assert "Tasks of event loops were not seen: no idea." in flat


def test_the_document_has_the_table_and_its_observer():
    audit = rank().audit()
    report = json.loads(document.render(audit, diagnose(audit)))
    waits = report["observations"]["waits"]
    assert waits["type"] == "waits" and waits["not_cpu_bound"]
    assert waits["lines"][0]["what"] == "socket recv"
    assert "waits" in [each["id"] for each in report["observations"]["observers"]]


def test_an_audit_comes_back_and_a_broken_one_does_not():
    audit = rank().audit()
    assert record.decode(record.encode(audit)) == audit
    seen = audit.observations.waits
    assert isinstance(seen, Waits)

    def refused(**changes: Any) -> bool:
        broken = replace(audit, observations=replace(audit.observations, waits=replace(seen, **changes)))
        with pytest.raises(msgspec.ValidationError, match="waits:"):
            record.decode(record.encode(broken))
        return True

    wait, looks = seen.waits[0], seen.looks[0]
    assert refused(stacks=((99,),))
    assert refused(waits=(replace(wait, stack=1),))
    assert refused(waits=(replace(wait, pid=1),))
    assert refused(waits=(replace(wait, looks=-1),))
    assert refused(waits=(replace(wait, longest_s=1e12),))
    assert refused(looks=(replace(looks, span_s=-1.0),))
    assert refused(looks=(replace(looks, running=-1),))


def test_of_very_many_places_the_first_is_named_all_the_same():
    text = "def rank():\n" + "\n".join(f"    sock{n}.recv(100)" for n in range(150))
    scene = Scene(text)
    for n in range(150):
        scene.stand(0.05, *FLASK, app("rank", f"sock{n}.recv"))
    table = scene.table()
    assert len(table.lines) == 1 and table.not_cpu_bound
    assert diagnose(scene.audit()).verdict[0].text.startswith("Not CPU-bound")


def test_a_worker_that_was_begun_anew_counts_once():
    scene = rank()
    audit = scene.audit()
    seen = audit.observations.waits
    assert isinstance(seen, Waits)
    twice = replace(seen, looks=(seen.looks[0], seen.looks[0]), waits=(*seen.waits, *seen.waits))
    table = wait_table(Evidence(replace(audit, observations=replace(audit.observations, waits=twice))))
    assert isinstance(table, WaitTable)
    assert table.waiting == pytest.approx(3.0)
