"""Speed estimate (alpha-beta with a gate) and a limited controller with anti-windup."""


class Axle:
    def __init__(self, gain: float, limit: float) -> None:
        self.gain = gain
        self.limit = limit
        self.speed = 900.0
        self.slope = 0.0
        self.integral = 0.0
        self.torque = 0.0
        self.rejected = 0
        self.missed = 0
        self.engaged = False

    def advance(self, samples: list[float], target: float = 920.0) -> float:
        speed, slope, integral, torque = self.speed, self.slope, self.integral, self.torque
        for sample in samples:
            predicted = speed + slope
            error = sample - predicted
            if abs(error) > 60.0:
                self.rejected += 1
                self.missed += 1
                if self.missed > 8:
                    speed, slope, self.missed = sample, 0.0, 0
                else:
                    speed = predicted
                continue
            self.missed = 0
            speed = predicted + 0.2 * error
            slope += 0.02 * error
            gap = target - speed
            if self.engaged and gap < -25.0:
                self.engaged = False
            elif not self.engaged and gap > -10.0:
                self.engaged = True
            wanted = 1.5 * gap + integral if self.engaged else 0.0
            torque = max(-self.limit, min(self.limit, wanted))
            if wanted == torque:
                integral += self.gain * gap
            else:
                integral *= 0.999
        self.speed, self.slope, self.integral, self.torque = speed, slope, integral, torque
        return torque
