"""Charts of greenhouse sensors as standalone SVG pages."""
import functools
import hashlib
import os
import random
from datetime import datetime, timedelta, timezone

from flask import Flask, Response, abort, request

app = Flask(__name__)

PAGE = app.jinja_env.from_string("""<!doctype html>
<title>{{ sensor.label }} · {{ site }}</title>
<h1>{{ sensor.label }}</h1>
<ul class="facts">
{% for name, value in facts.items() %}<li><b>{{ name|title }}</b> {{ value }}</li>
{% endfor %}</ul>
<table>
{% for row in log %}<tr class="{{ loop.cycle('odd', 'even') }}"><td>{{ row.when }}</td><td>{{ row.event|upper }}</td>
<td>{{ row.text|truncate(60) }}</td><td><a href="/events/{{ row.ref|urlencode }}">{{ row.ref }}</a></td></tr>
{% endfor %}</table>
<svg viewBox="0 0 600 100"><polyline points="{{ points }}"/></svg>
""")

WORDS = "vent opened closed misting lamp row east west <auto> manual by crew & override alarm cleared door".split()


class Sensor:
    def __init__(self, number):
        rnd = random.Random(number)
        self.number = number
        self.label = "Bed %d %s" % (number, rnd.choice(["humidity", "temperature", "CO2", "soil"]))
        self.readings = [20 + 5 * rnd.random() + 0.01 * n for n in range(2300)]
        start = datetime(2024, 3, 1, tzinfo=timezone.utc)
        self.log = [
            {
                "when": (start + timedelta(minutes=17 * n)).isoformat(),
                "event": rnd.choice(["notice", "warning", "action"]),
                "text": " ".join(rnd.choices(WORDS, k=16)),
                "ref": "%d/%d" % (number, n),
            }
            for n in range(60)
        ]


SENSORS = {n: Sensor(n) for n in range(40)}


def fitted(height):
    """Stretches what the view yields to the height of the plot."""

    def decorate(view):
        @functools.wraps(view)
        def wrapper(*args, **kwargs):
            values = view(*args, **kwargs)
            low, high = min(values), max(values)
            span = (high - low) or 1.0
            return [height - height * (value - low) / span for value in values]

        return wrapper

    return decorate


@fitted(height=100)
def series(sensor, offset):
    return sensor.readings[offset:] + sensor.readings[:offset]


def polyline(ys, width=600, every=60):
    step = width / max(1, len(ys) - 1)
    return " ".join("%.1f,%.1f" % (n * step, ys[n]) for n in range(0, len(ys), every))


@app.route("/sensors/<int:number>")
def chart(number):
    sensor = SENSORS.get(number)
    if sensor is None:
        abort(404)
    ys = series(sensor, request.args.get("offset", 0, type=int))
    facts = {"number": sensor.number, "first event": sensor.log[0]["when"], "events": len(sensor.log)}
    page = PAGE.render(
        sensor=sensor, site="Glasshouse 4", facts=facts, log=sensor.log, points=polyline(ys)
    )
    answer = Response(page, mimetype="text/html")
    answer.headers["ETag"] = '"%s"' % hashlib.md5(page.encode()).hexdigest()
    return answer


if __name__ == "__main__":
    import logging

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app.run("127.0.0.1", int(os.environ["PORT"]), threaded=True)
