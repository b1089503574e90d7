"""Ways of the forklifts through a depot."""
from typing import Annotated

from fastapi import FastAPI, HTTPException, Query

from floor import Floor, NoWay

floor = Floor.random(rows=48, columns=64, seed=6)
api = FastAPI()


@api.get("/routes")
async def route(
    start: Annotated[int, Query(ge=0)],
    goal: Annotated[int, Query(ge=0)],
):
    a, b = floor.free(start), floor.free(goal)
    try:
        cost, cells = floor.route(a, b)
    except NoWay:
        raise HTTPException(409, "blocked")
    turns = sum(
        (p[0] - q[0], p[1] - q[1]) != (q[0] - r[0], q[1] - r[1]) for p, q, r in zip(cells, cells[1:], cells[2:])
    )
    return {"cost": cost, "steps": len(cells) - 1, "turns": turns, "cells": cells[:: max(1, len(cells) // 20)]}
