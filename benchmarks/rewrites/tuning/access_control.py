"""Who may see what."""
import re
from functools import reduce

ADMINS = ["root", "ada", "grace", "linus", "guido", "barbara", "edsger", "donald"]
OPEN_PATHS = ("/", "/login", "/health", "/static")
_BLOCKED = []


def block(name):
    _BLOCKED.append(name)


def is_admin(name):
    return name in ADMINS


def visible(items, owned):
    """Items that the user owns; `owned` is a list from the database."""
    return [item for item in items if item in owned]


def missing(wanted, present):
    out = []
    for each in wanted:
        if each not in present:
            out.append(each)
    return out


def unique(names):
    seen = []
    for name in names:
        if name in seen:
            continue
        seen.append(name)
    return seen


def shared(a, b):
    n = 0
    for x in a:
        if x in b:
            n += 1
    return n


def allowed(paths, roles):
    found = []
    for path in paths:
        pattern = re.compile(r"^/(\w+)/(\d+)$")
        match = pattern.match(path)
        if not match:
            continue
        if match.group(1) in ["posts", "pages", "files"] and "reader" in roles:
            found.append(path)
    return found


def blocked_of(names):
    # the list grows while the service runs
    return [n for n in names if n in _BLOCKED]


def masks(name):
    table = {"read": 4, "write": 2, "execute": 1, "all": 7, "none": 0}
    return table.get(name, 0)


def any_open(paths):
    for path in paths:
        if path in OPEN_PATHS:
            return True
    return False


def union(groups):
    return reduce(lambda a, b: a | b, (set(g) for g in groups), set())


def drop(names, gone):
    for name in gone:
        if name in names:
            names.remove(name)  # the caller's own list
    return names


def _ids(n, step=7):
    return [i * step % 10007 for i in range(n)]


CALLS = [
    ("is_admin", lambda: ("donald",)),
    ("visible", lambda: (_ids(300), _ids(300, 14))),
    ("visible", lambda: ([str(i) for i in _ids(300)], [str(i) for i in _ids(200, 3)])),
    ("visible", lambda: ([[1], [2], [3]] * 20, [[2], [5]])),
    ("missing", lambda: (_ids(300), _ids(300, 14))),
    ("unique", lambda: ([i % 100 for i in range(600)],)),
    ("shared", lambda: (_ids(250), _ids(250, 21))),
    ("shared", lambda: (_ids(250), set(_ids(250, 21)))),
    ("allowed", lambda: ([f"/posts/{i}" if i % 3 else f"/{i}" for i in range(200)], ["reader"])),
    ("blocked_of", lambda: (["a", "b"] * 50,)),
    ("masks", lambda: ("write",)),
    ("any_open", lambda: (["/x"] * 300 + ["/login"],)),
    ("union", lambda: ([[1, 2], [2, 3]] * 20,)),
    ("drop", lambda: (list(range(200)), list(range(0, 400, 3)))),
]
