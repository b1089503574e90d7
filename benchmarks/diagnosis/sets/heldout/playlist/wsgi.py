import json
import heapq
import urllib.parse

from lib import tracks as library
from lib import vec

TRACKS, AUDIO = library.catalogue(1600)


class BadRequest(Exception):
    pass


class Playlists(object):
    """continue a playlist from a seed track"""

    routes = {"/continue": "continue_", "/track": "track"}

    def __call__(self, environ, start_response):
        qs = dict(urllib.parse.parse_qsl(environ.get("QUERY_STRING", "")))
        name = self.routes.get(environ["PATH_INFO"])
        try:
            if name is None:
                raise BadRequest("unknown path")
            status, out = "200 OK", getattr(self, name)(qs)
        except BadRequest as e:
            status, out = "400 Bad Request", {"error": str(e)}
        payload = json.dumps(out).encode("ascii")
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(payload)))])
        return [payload]

    def seed(self, qs):
        try:
            return TRACKS[int(qs["seed"])]
        except (KeyError, ValueError):
            raise BadRequest("seed is the id of a track")

    def track(self, qs):
        return self.seed(qs)._asdict()

    def continue_(self, qs):
        seed = self.seed(qs)
        mine = AUDIO[seed.id]
        near = {}
        for tid, theirs in AUDIO.items():
            if tid != seed.id:
                near[tid] = vec.cosine(mine, theirs)
        best = heapq.nlargest(30, near, key=near.get)
        same = [t for t in best if TRACKS[t].genre == seed.genre]
        other = [t for t in best if TRACKS[t].genre != seed.genre]
        return {"seed": seed.title, "next": [TRACKS[t]._asdict() for t in same[:10] + other[:5]]}


application = Playlists()
