"""Film suggestions from factorised ratings."""
import os
from functools import partial

from flask import Flask, abort, jsonify, request

from factors import load_model
from ranking import explain, top

model = load_model(films=1400, people=300, rank=32)
suggest = partial(top, model)
app = Flask(__name__)


@app.get("/people/<int:person>/films")
def films(person):
    if person not in model.people:
        abort(404)
    limit = request.args.get("limit", 10, type=int)
    genre = request.args.get("genre")
    accepts = (lambda film: True) if genre is None else (lambda film: genre in film.genres)
    best = suggest(person, accepts, limit)
    return jsonify([explain(film, score) for score, film in best])


@app.get("/health")
def health():
    return jsonify(films=len(model.films), people=len(model.people))


if __name__ == "__main__":
    app.run("127.0.0.1", int(os.environ["PORT"]), threaded=True)
