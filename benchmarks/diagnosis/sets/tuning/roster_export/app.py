import os
from html import escape
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from planning import Roster

roster = Roster(240)
STYLE = "td { padding: 2px } tr:nth-child(even) { background: #eee }"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def shifts(entry, day):
    start = (int(entry["person"][1:]) * 5 + day * 3) % 24
    if (start + day) % 7 == 0:
        return "off"
    return "%02d:00-%02d:00" % (start, (start + 8) % 24)


def table(entries):
    out = ["<table><tr><th>Person</th><th>Role</th>"]
    out += ["<th>%s</th>" % day for day in DAYS]
    out.append("</tr>")
    for entry in entries:
        out.append("<tr><td>%s</td><td>%s</td>" % (escape(entry["person"]), escape(entry["role"].title())))
        for number, day in enumerate(DAYS):
            text = shifts(entry, number)
            css = "free" if text == "off" else "night" if text.startswith(("20", "21", "22", "23")) else "day"
            out.append('<td class="%s" title="%s %s">%s</td>' % (css, day, escape(entry["person"]), escape(text)))
        out.append("</tr>")
    out.append("</table>")
    return "".join(out)


def application(environ, start_response):
    ward = environ["PATH_INFO"].strip("/")
    entries = roster.ward(ward)
    if not entries:
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"no such ward\n"]
    weeks = "".join("<h2>Week %d</h2>%s" % (week, table(entries)) for week in range(1, 9))
    page = "<html><style>%s</style><h1>%s</h1>%s</html>" % (STYLE, escape(ward), weeks)
    body = page.encode("utf-8")
    start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(body)))])
    return [body]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, *args):
        pass


if __name__ == "__main__":
    make_server("127.0.0.1", int(os.environ["PORT"]), application, Server, Handler).serve_forever()
