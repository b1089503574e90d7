"""Readings of sensors: cleaned, smoothed, counted. (An old file: tabs.)"""
import numpy as np


def calibrated(readings, gain, offset):
	out = []
	for r in readings:
		# volts to degrees
		out.append(r * gain + offset)
	return out


def clipped(readings, low, high):
	out = np.empty(len(readings))
	for i, r in enumerate(readings):
		if r < low:
			out[i] = low
		elif r > high:
			out[i] = high
		else:
			out[i] = r
	return out


def above(readings, limit):
	n = 0
	for r in readings:
		if r > limit:
			n += 1
	return n


def spikes(readings, limit):
	found = []
	i = 0
	while i < len(readings):
		if abs(readings[i]) > limit:
			found.append(i)	# the place, not the value
		i += 1
	return found


def differences(readings):
	return [readings[i + 1] - readings[i] for i in range(len(readings) - 1)]


def smoothed(readings, alpha):
	"""Exponential smoothing: each value needs the one before."""
	out = np.zeros(len(readings))
	out[0] = readings[0]
	for i in range(1, len(readings)):
		out[i] = alpha * readings[i] + (1 - alpha) * out[i - 1]
	return out


def cumulative(readings):
	total = 0.0
	out = []
	for r in readings:
		total += r
		out.append(total)
	return out


def peak_so_far(readings):
	best = readings[0]
	out = []
	for r in readings:
		if r > best:
			best = r
		out.append(best)
	return out


def moving_mean(readings, width):
	out = []
	for i in range(len(readings) - width + 1):
		out.append(sum(readings[i:i + width]) / width)
	return out


def first_above(readings, limit):
	for i, r in enumerate(readings):
		if r > limit:
			return i
	return -1


def mean(readings):
	if len(readings) == 0:
		return 0.0
	s = 0.0
	for r in readings:
		s += r
	return s / len(readings)


def _readings(n, seed=5):
	return np.random.default_rng(seed).normal(20.0, 4.0, n)


CALLS = [
	("calibrated", lambda: (_readings(2000), 1.8, 32.0)),
	("clipped", lambda: (_readings(2000), 15.0, 25.0)),
	("above", lambda: (_readings(4000), 24.0)),
	("above", lambda: (_readings(4000).tolist(), 24.0)),
	("spikes", lambda: (_readings(3000), 26.0)),
	("differences", lambda: (_readings(2000),)),
	("smoothed", lambda: (_readings(1000), 0.2)),
	("cumulative", lambda: (_readings(3000),)),
	("peak_so_far", lambda: (_readings(3000),)),
	("moving_mean", lambda: (_readings(800), 8)),
	("first_above", lambda: (_readings(3000), 30.0)),
	("mean", lambda: (_readings(3000),)),
	("mean", lambda: (np.array([]),)),
]
