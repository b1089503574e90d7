"""Reads plates of wells for the laboratory: POST /plates with the raw densities."""
import json

import pandas as pd

ROWS = "ABCDEFGH"
LAYOUT = [f"{row}{column}" for row in ROWS for column in range(1, 13)]
BLANKS = {"A1", "H12"}


class BadPlate(ValueError):
    pass


def parse(environ):
    size = int(environ.get("CONTENT_LENGTH") or 0)
    document = json.loads(environ["wsgi.input"].read(size))
    raw = document.get("raw")
    if not isinstance(raw, list) or len(raw) != len(LAYOUT):
        raise BadPlate("a plate has %d wells" % len(LAYOUT))
    return document.get("plate", 0), raw, float(document.get("dilution", 1))


def correct(raw, dilution):
    plate = pd.DataFrame({"raw": raw}, index=LAYOUT)
    plate["density"] = 0.0
    plate["flag"] = ""
    blank = sum(plate.loc[well, "raw"] for well in BLANKS) / len(BLANKS)
    for well in plate.index:
        density = (plate.loc[well, "raw"] - blank) * dilution
        plate.at[well, "density"] = density
        if density > 3.5:
            plate.at[well, "flag"] = "over"
        elif density < 0:
            plate.at[well, "flag"] = "under"
    return plate


def application(environ, start_response):
    if environ["PATH_INFO"] != "/plates" or environ["REQUEST_METHOD"] != "POST":
        return respond(start_response, "404 Not Found", {"error": "POST /plates"})
    try:
        number, raw, dilution = parse(environ)
    except (ValueError, KeyError) as error:
        return respond(start_response, "400 Bad Request", {"error": str(error)})
    plate = correct(raw, dilution)
    return respond(
        start_response,
        "200 OK",
        {
            "plate": number,
            "density": dict(zip(plate.index, plate["density"].tolist())),
            "flags": {well: flag for well, flag in zip(plate.index, plate["flag"]) if flag},
        },
    )


def respond(start_response, status, document):
    body = json.dumps(document).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
