"""Makes open_loop_*.csv, closed_loop_*.csv and costs.csv anew, or compares them with what it makes (--check).

Needs numpy and scipy. The equations are written here once more, in another form than the program has them: the mass matrix is
solved by elimination, nothing is shared between the laws but the surface, and the open loops come from an integrator with
error control (Dormand and Prince, order 8, tolerance 1e-13). All numbers of the plant and the laws are in SI units.

    python make_reference.py [--check] [DIRECTORY]
"""
import argparse
import csv
import pathlib
import sys

import numpy as np
from scipy.integrate import solve_ivp

CART, MASSES, LENGTHS, CENTRES, INERTIAS = 1.5, (0.2, 0.15), (0.4, 0.3), (0.2, 0.15), (0.0081, 0.0034)
GRAVITY, FRICTIONS = 9.81, (0.2, 0.005, 0.004)
U_MAX, EQ_LIMIT, BETA_MIN = 150.0, 5.0, 1e-6

STEP, STEPS, EVERY = 1e-3, 8000, 10
STARTS = ((0.0, 0.1, -0.05, 0.0, 0.0, 0.0), (0.0, 0.2, 0.25, 0.0, 0.0, 0.0))
K1, LAMBDA1, K2, LAMBDA2, KX, LAMBDAX = 29.41, 3.49, 31.33, 9.32, 11.53, 1.19

# How far what is made may lie from what is stored: the open loops magnify rounding for seconds, the closed ones forget it.
TOLERANCES = {"open_loop": 1e-9, "closed_loop": 1e-11, "costs": 1e-11}
STATES = ["x", "theta1", "theta2", "x_dot", "theta1_dot", "theta2_dot"]


def mass_and_load(state, frictions):
    """M and h of M q'' = h + (u, 0, 0), by Euler and Lagrange, with absolute angles from the upward vertical."""
    _, angle1, angle2, speed, rate1, rate2 = state
    (m1, m2), (length1, _), (c1, c2), (i1, i2) = MASSES, LENGTHS, CENTRES, INERTIAS
    b0, b1, b2 = frictions
    a, b, c = m1 * c1 + m2 * length1, m2 * c2, m2 * length1 * c2
    between = angle1 - angle2
    mass = np.array([
        [CART + m1 + m2, a * np.cos(angle1), b * np.cos(angle2)],
        [a * np.cos(angle1), i1 + m1 * c1**2 + m2 * length1**2, c * np.cos(between)],
        [b * np.cos(angle2), c * np.cos(between), i2 + m2 * c2**2],
    ])
    load = np.array([
        a * np.sin(angle1) * rate1**2 + b * np.sin(angle2) * rate2**2 - b0 * speed,
        a * GRAVITY * np.sin(angle1) - c * np.sin(between) * rate2**2 - b1 * rate1 - b2 * (rate1 - rate2),
        b * GRAVITY * np.sin(angle2) + c * np.sin(between) * rate1**2 + b2 * (rate1 - rate2),
    ])
    return mass, load


def derivative(state, force, frictions=FRICTIONS):
    mass, load = mass_and_load(state, frictions)
    return np.concatenate([state[3:], np.linalg.solve(mass, load + [force, 0.0, 0.0])])


def open_loop(start, frictions=FRICTIONS, force=lambda t: 0.0):
    """Rows every 10 ms of 5 s: t and the state."""
    times = [k / 100 for k in range(501)]
    run = solve_ivp(lambda t, state: derivative(state, force(t), frictions), (0.0, times[-1]), start,
                    method="DOP853", t_eval=times, rtol=1e-13, atol=1e-13)
    return [[t, *state] for t, state in zip(times, run.y.T)]


def surface(state):
    """sigma on relative angles, beta, and the force that holds sigma still on this plant."""
    x, angle1, angle2, speed, rate1, rate2 = state
    sigma = (K1 * (rate1 + LAMBDA1 * angle1) + K2 * (rate2 - rate1 + LAMBDA2 * (angle2 - angle1))
             + KX * (speed + LAMBDAX * x))
    on_rates = np.array([KX, K1 - K2, K2])
    mass, load = mass_and_load(state, FRICTIONS)
    beta = on_rates @ np.linalg.solve(mass, [1.0, 0.0, 0.0])
    slope = KX * LAMBDAX * speed + K1 * LAMBDA1 * rate1 + K2 * LAMBDA2 * (rate2 - rate1)
    if abs(beta) < BETA_MIN:
        return sigma, beta, 0.0
    limit = EQ_LIMIT * U_MAX
    equivalent = -(on_rates @ np.linalg.solve(mass, load) + slope) / beta
    return sigma, beta, min(max(equivalent, -limit), limit)


def clamp(value, low, high):
    return min(max(value, low), high)


class Classical:
    K, KD, EPSILON = 2.51, 60.0, 0.3

    def force(self, sigma, sign, equivalent):
        return equivalent - sign * (self.K * np.tanh(sigma / self.EPSILON) + self.KD * sigma)


class SuperTwisting:
    ROOT, INTEGRAL, EPSILON = 25.0, 10.0, 0.3

    def __init__(self):
        self.z = 0.0

    def force(self, sigma, sign, equivalent):
        switching = clamp(sigma / self.EPSILON, -1.0, 1.0)
        force = equivalent - sign * self.ROOT * np.sqrt(abs(sigma)) * switching + self.z
        self.z = clamp(self.z - STEP * sign * self.INTEGRAL * switching, -U_MAX, U_MAX)
        return force


class Adaptive:
    GAMMA, ALPHA, EPSILON, LEAK, DEAD_ZONE, RATE, START, LEAST, MOST = 5.0, 20.0, 0.4, 0.01, 0.05, 10.0, 10.0, 0.1, 100.0

    def __init__(self):
        self.k = self.START

    def force(self, sigma, sign, _equivalent):
        force = -sign * (self.k * np.tanh(sigma / self.EPSILON) + self.ALPHA * sigma)
        if abs(sigma) > self.DEAD_ZONE:
            rate = clamp(self.GAMMA * abs(sigma) - self.LEAK * (self.k - self.START), -self.RATE, self.RATE)
            self.k = clamp(self.k + STEP * rate, self.LEAST, self.MOST)
        return force


class HybridAdaptiveSuperTwisting:
    DAMPING, EPSILON, LEAK, DEAD_ZONE, TAPER, RATE, INTEGRAL_MAX = 3.0, 0.35, 0.1, 0.05, 0.05, 5.0, 50.0
    GAMMAS, CAPS = (2.0, 1.0), (50.0, 50.0)

    def __init__(self):
        self.kappas, self.integral = [4.0, 0.4], 0.0

    def force(self, sigma, sign, _equivalent):
        distance = abs(sigma)
        inside = distance <= self.DEAD_ZONE
        switching = 0.0 if inside else np.tanh(sigma / self.EPSILON)
        taper = distance / (distance + self.TAPER)
        growth = [0.0 if inside else min(gamma * distance * taper, self.RATE) for gamma in self.GAMMAS]
        self.kappas = [clamp(kappa + STEP * (more - self.LEAK), 0.0, cap)
                       for kappa, more, cap in zip(self.kappas, growth, self.CAPS)]
        root, integral = self.kappas
        others = -sign * (root * np.sqrt(distance) * switching + self.DAMPING * sigma)
        advanced = clamp(self.integral - STEP * sign * integral * switching, -self.INTEGRAL_MAX, self.INTEGRAL_MAX)
        # In a saturated step the integral stays as it is.
        if not inside and abs(others + advanced) <= U_MAX:
            self.integral = advanced
        return others + self.integral


LAWS = {
    "classical": Classical,
    "super_twisting": SuperTwisting,
    "adaptive": Adaptive,
    "hybrid_adaptive_super_twisting": HybridAdaptiveSuperTwisting,
}


def closed_loop(law, start):
    """Rows every 10 ms of 8 s (t, state, u, sigma), the cost, and the state at the end."""
    law, state, rows, cost, before = law(), np.array(start), [], 0.0, None
    for step in range(STEPS):
        sigma, beta, equivalent = surface(state)
        force = clamp(law.force(sigma, np.sign(beta), equivalent), -U_MAX, U_MAX)
        if step % EVERY == 0:
            rows.append([step * STEP, *state, force, sigma])
        change = 0.0 if before is None else force - before
        before = force
        cost += STEP * (state @ state / 10 + 0.1 * force**2 / 100 + 0.01 * change**2 / 1000 + 0.1 * sigma**2)
        # Runge and Kutta's classical step with the force held.
        k1 = derivative(state, force)
        k2 = derivative(state + STEP / 2 * k1, force)
        k3 = derivative(state + STEP / 2 * k2, force)
        k4 = derivative(state + STEP * k3, force)
        state = state + STEP / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return rows, cost, state


def tables():
    """All files: name, header, rows."""
    open_loops = {
        "free_fall": open_loop(STARTS[0]),
        "frictionless": open_loop((0.0, 2.0, 1.0, 0.3, -1.0, 2.0), (0.0, 0.0, 0.0)),
        "sine_force": open_loop((0.0, 3.0, 3.1, 0.0, 0.0, 0.0), force=lambda t: 5 * np.sin(3 * t)),
    }
    for name, rows in open_loops.items():
        yield f"open_loop_{name}.csv", ["t", *STATES], rows
    costs = []
    for name, law in LAWS.items():
        for case, start in enumerate(STARTS):
            rows, cost, final = closed_loop(law, start)
            yield f"closed_loop_{name}_{case}.csv", ["t", *STATES, "u", "sigma"], rows
            costs.append([name, case, cost, " ".join(repr(float(value)) for value in final)])
    yield "costs.csv", ["controller", "case", "cost", "final_state"], costs


def numbers(rows):
    """The numbers of all rows, whatever else stands there."""
    words = " ".join(str(cell) for row in rows for cell in row).split(" ")
    return np.array([float(word) for word in words if word not in LAWS])


def difference(path, header, rows):
    """The largest difference between a file and these rows; infinite where they have another shape."""
    with open(path, newline="") as file:
        stored = list(csv.reader(file))
    old, new = numbers(stored[1:]), numbers(rows)
    same_shape = stored[0] == header and old.shape == new.shape
    return np.max(np.abs(old - new)) if same_shape else float("inf")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("directory", nargs="?", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    options = parser.parse_args()
    agrees = True
    for name, header, rows in tables():
        path = options.directory / name
        if options.check:
            apart = difference(path, header, rows)
            allowed = next(value for family, value in TOLERANCES.items() if name.startswith(family))
            agrees &= apart <= allowed
            print(f"{name}: {apart:.1e} apart, allowed {allowed:.0e}")
        else:
            with open(path, "w", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(header)
                # csv writes a float of numpy as it does one of Python: as few digits as give it back.
                writer.writerows(rows)
    sys.exit(0 if agrees else 1)


if __name__ == "__main__":
    main()
