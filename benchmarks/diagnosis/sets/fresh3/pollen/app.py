"""Writes pollen bulletins for districts: counts are blended with yesterday's forecast, then put into words."""
import concurrent.futures
import html
import itertools
import random
import string
import textwrap
import time

DISTRICTS = ("Altstadt", "Hafen", "Nordheide", "Sandberg", "Talheim", "Waldsee")
SPECIES = ("birch", "grass", "hazel", "mugwort", "oak", "rye")
STEPS = 160
PERIOD_S = 0.004
BULLETIN = string.Template(
    "<section id='$anchor'><h2>$district, $species</h2><p>$advice</p>"
    "<p>Highest at $clock with $peak grains per cubic metre; $share of the day above the threshold.</p></section>"
)
ADVICE = {
    "low": "Windows may stay open. People who are very sensitive carry their spray as on any other day.",
    "middle": "Air the bedroom in the evening, rinse the hair before going to bed and dry the washing indoors.",
    "high": "Stay indoors around the peak where that is possible, keep windows shut and wear glasses outside.",
}


class Station:
    __slots__ = ("district", "species", "today", "forecast")

    def __init__(self, district, species, source):
        self.district = district
        self.species = species
        self.today = [source.expovariate(1 / 40) for _ in range(STEPS)]
        self.forecast = [source.expovariate(1 / 40) for _ in range(STEPS)]

    def blended(self, trust):
        return [trust * seen + (1.0 - trust) * told for seen, told in zip(self.today, self.forecast)]


def wording(station, counts):
    peak = max(counts)
    step = counts.index(peak)
    grade = "low" if peak < 120 else "middle" if peak < 220 else "high"
    lines = textwrap.wrap(ADVICE[grade] + " " + ADVICE["low"], width=48)
    return BULLETIN.substitute(
        anchor="%s-%s" % (station.district.lower(), station.species),
        district=html.escape(station.district),
        species=html.escape(station.species.title()),
        advice="<br>".join(html.escape(line) for line in lines),
        clock="%02d:%02d" % divmod(step * 1440 // STEPS, 60),
        peak=round(peak),
        share="%d %%" % (40 if grade == "high" else 15),
    )


def page(stations, trust):
    parts = [wording(station, station.blended(trust)) for station in stations]
    text = "\n".join(parts)
    for species in SPECIES:
        text = text.replace("-" + species, "-" + species.upper())
    return text.encode("utf-8")


def main():
    source = random.Random(77)
    districts = [[Station(name, species, source) for species in SPECIES] for name in DISTRICTS]
    written = 0
    print("bulletins for", len(districts), "districts")
    with concurrent.futures.ThreadPoolExecutor(max_workers=3) as pool:
        for turn in itertools.count():
            began = time.monotonic()
            jobs = [pool.submit(page, stations, 0.5 + turn % 5 / 10) for stations in districts]
            written += sum(len(job.result()) for job in jobs)
            if turn % 500 == 0:
                print(turn, written)
            time.sleep(max(0.001, PERIOD_S - (time.monotonic() - began)))


if __name__ == "__main__":
    main()
