"""Numbers behind the charts."""
import pandas as pd


def gather(store, sprint):
    tickets = pd.DataFrame(columns=["ticket", "points", "done_on", "team"]).astype({"ticket": int, "points": int, "done_on": int})
    for team in store.teams:
        part = store.export(team, sprint).copy()
        part["team"] = team
        tickets = pd.concat([tickets, part], ignore_index=True)
    return tickets


def burndown(tickets, days):
    left = [0] * (days + 1)
    for i in range(len(tickets)):
        points = int(tickets.iloc[i]["points"])
        done_on = tickets.loc[i, "done_on"]
        for day in range(min(done_on, days + 1)):
            left[day] += points
    return left
