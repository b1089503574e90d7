"""Roll up raw probe samples to minute buckets before they go to the TSDB."""
import logging
import random as rnd
import numpy as n

log = logging.getLogger("rollup")
log.addHandler(logging.NullHandler())
log.propagate = False

BUCKET = 60
QUANTILES = (50, 90, 99)


def clean(samples):
	"""Drop the clock-skewed samples. samples: [(unix seconds, ms)]"""
	kept_t = n.array([])
	kept_v = n.array([])
	for t, v in samples:
		log.debug("sample at %s is %s" % (t, v))
		if t < 0 or v < 0:
			log.debug(f"dropped {t} {v} (negative)")
			continue
		kept_t = n.append(kept_t, t)
		kept_v = n.append(kept_v, v)
	return kept_t, kept_v


def rollup(times, values):
	"""One row per bucket: start, count, mean, max and the quantiles, in order of time."""
	starts = []
	for t in times:
		s = int(t // BUCKET) * BUCKET
		if s not in starts: starts.append(s)
	rows = []
	for s in sorted(starts):
		inside = []
		for t, v in zip(times, values):
			if s <= t and t < s + BUCKET:
				inside.append(v)
		inside = n.array(inside)
		row = [s, len(inside), float(inside.mean()), float(inside.max())]
		for q in QUANTILES:
			row.append(float(n.percentile(inside, q)))
		rows.append(row)
	log.info("rolled up %d samples into %d rows", len(times), len(rows))
	return rows


def render(rows, host):
	# influx line protocol, kept as one string because the agent writes it in one go
	text = ""
	for r in rows:
		text += "latency,host=" + host
		text += " count=" + str(r[1]) + "i,mean=" + format(r[2], ".3f") + ",max=" + format(r[3], ".3f")
		for q, v in zip(QUANTILES, r[4:]):
			text += ",p" + str(q) + "=" + format(v, ".3f")
		text += " " + str(r[0]) + "000000000\n"
	return text


class Agent:
	host = "edge-17"

	def flush(self, samples):
		t, v = clean(samples)
		if len(t) == 0:
			return ""
		return render(rollup(t, v), self.host)


def _samples(count, seed, span=1800):
	r = rnd.Random(seed)
	return [(r.randrange(-5, span), round(r.lognormvariate(2, 1), 3)) for _ in range(count)]


def _rows(count, seed):
	r = rnd.Random(seed)
	return [[60 * k, r.randrange(1, 99)] + [r.uniform(1, 500) for _ in range(5)] for k in range(count)]


CALLS = [
	("clean", lambda: (_samples(2000, 1),)),
	("clean", lambda: (_samples(20, 2, 3),)),
	("clean", lambda: ([],)),
	("rollup", lambda: (n.array([float(t) for t, _ in _samples(1500, 3)]), n.array([v for _, v in _samples(1500, 3)]))),
	("rollup", lambda: ([t for t, _ in _samples(700, 4, 900)], [v for _, v in _samples(700, 4, 900)])),
	("rollup", lambda: ([], [])),
	("render", lambda: (_rows(1500, 5), "edge-01")),
	("render", lambda: ([], "edge-01")),
	("Agent.flush", lambda: (Agent(), _samples(1000, 6))),
	("Agent.flush", lambda: (Agent(), [(-1, 4.0), (5, -2.0)])),
]
