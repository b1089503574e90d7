import random
from collections import namedtuple

Track = namedtuple("Track", "id title genre plays")
GENRES = ("ambient", "house", "folk", "jazz", "metal", "pop")


def catalogue(n, seed=1234):
    r = random.Random(seed)
    tracks, audio = {}, {}
    for i in range(n):
        tracks[i] = Track(i, "Track No. %d" % i, r.choice(GENRES), r.randrange(10**6))
        audio[i] = [r.uniform(-1, 1) for _ in range(72)]
    return tracks, audio
