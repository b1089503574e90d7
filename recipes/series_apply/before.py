def charges(minutes, rate):
    def charge(minute):
        if minute <= 10.0:
            return 0.0
        return rate / minute if minute > 1000.0 else minute * rate

    return minutes.apply(charge)
