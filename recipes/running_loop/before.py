def running_totals(amounts):
    totals = []
    total = 0.0
    for i in range(len(amounts)):
        total += amounts[i]
        totals.append(total)
    return totals
