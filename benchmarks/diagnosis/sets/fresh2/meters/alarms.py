"""Open alarms and a short history."""
import collections
import datetime


class Alarm(object):
    def __init__(self, key, reading, deviation):
        self.key = key
        self.reading = reading
        self.deviation = deviation
        self.raised_at = datetime.datetime.now()

    def line(self):
        return "%s %s %.1f kW (%.1f sigma)" % (
            self.raised_at.strftime("%H:%M:%S"), self.key, self.reading, self.deviation
        )


class AlarmBook(object):
    def __init__(self, limit):
        self._open = {}
        self._history = collections.deque(maxlen=limit)

    def raise_alarm(self, key, reading, deviation):
        if key not in self._open:
            alarm = Alarm(key, reading, deviation)
            self._open[key] = alarm
            self._history.append(alarm.line())

    def clear(self, key):
        self._open.pop(key, None)

    def open_count(self):
        return len(self._open)

    def last_line(self):
        return self._history[-1] if self._history else "none yet"
