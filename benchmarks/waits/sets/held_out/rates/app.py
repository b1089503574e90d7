"""Exchange rates, from a bank that takes its time; a session object keeps the connection."""
import http.client
import os

from flask import Flask, jsonify


class Bank:
    def __init__(self, port):
        self._port = port
        self._line = None

    def rate(self, pair):
        if self._line is None:
            self._line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=15)
        self._line.request("GET", f"/rate/{pair}?delay=110")
        response = self._line.getresponse()
        return len(response.read())


bank = Bank(int(os.environ["PEER"]))
app = Flask(__name__)


@app.route("/convert/<pair>")
def convert(pair):
    return jsonify(pair=pair, rate=bank.rate(pair))
