import random

from flask import Flask, abort, jsonify

from frames import CustomerTable, LinearModel

SEGMENTS = 60
TODAY = 20000


def load_customers(seed=17):
    rnd = random.Random(seed)
    segments = {}
    for s in range(SEGMENTS):
        segments[s] = [
            {
                "id": s * 1000 + i,
                "joined": TODAY - rnd.randrange(30, 3000),
                "calls": rnd.randrange(20),
                "spend": rnd.uniform(5, 90),
                "late": rnd.randrange(4),
            }
            for i in range(300)
        ]
    return segments


def create_app():
    app = Flask(__name__)
    customers = load_customers()
    model = LinearModel({"tenure": -0.001, "calls": 0.11, "spend": -0.02, "late": 0.6}, 0.4)

    @app.get("/segments/<int:segment>/churn")
    def churn(segment):
        if segment not in customers:
            abort(404)
        table = CustomerTable(customers[segment]).with_tenure(TODAY).score(model)
        return jsonify(table.top(10))

    @app.get("/segments")
    def listing():
        return jsonify({str(s): len(rows) for s, rows in customers.items()})

    return app


app = create_app()
