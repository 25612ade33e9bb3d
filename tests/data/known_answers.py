"""Best gains of the problems in configs/known and of others of their kind, by other means: exponentials of matrices, a
method of steps with Chebyshev polynomials for dead time (make_dead_time.py), Lyapunov and Riccati equations, and a
simplex search from several points. Needs NumPy and SciPy; prints a line a problem: name, J, gains, within some minutes.

The figures of tests/known.rs that theory does not give are from here.
"""

import numpy as np
from scipy.integrate import simpson
from scipy.linalg import expm, solve_continuous_are, solve_continuous_lyapunov

from make_dead_time import best, dead_time


def boxed(cost, low, high):
    """A cost that is searched within its box alone."""
    low, high = np.array(low), np.array(high)

    def inside(gains):
        clipped = np.clip(gains, low, high)
        return cost(clipped) + 10.0 * np.abs(gains - clipped).sum()

    return inside


def row(name, answer):
    cost, gains = answer
    print(f"{name:44} {cost:.7g}  " + " ".join(f"{gain:.6g}" for gain in gains), flush=True)


# Linear loops -------------------------------------------------------------------------------------------------------

def motion(matrix, start, step, count):
    """x(0), x(step), …: by doubling."""
    power = expm(matrix * step)
    states = np.array([start], dtype=float)
    while len(states) < count:
        states = np.vstack([states, states @ power.T])
        power = power @ power
    return states[:count]


def integral(error, step, criterion):
    """∫ of a criterion: squares by Simpson's rule, others by the trapezoidal one, linear between two points where the sign changes."""
    t = step * np.arange(len(error))
    value = {
        "ise": error**2, "itse": t * error**2, "iae": np.abs(error), "itae": t * np.abs(error),
    }[criterion]
    if criterion in ("ise", "itse"):
        return simpson(value, dx=step)
    total = step * (value.sum() - 0.5 * (value[0] + value[-1]))
    # Where the error changes its sign, the trapezoid is too large by h |a b|/(|a| + |b|).
    a, b = error[:-1], error[1:]
    crosses = a * b < 0
    weight = t[:-1] + 0.5 * step if criterion == "itae" else np.ones(len(t) - 1)
    return total - (step * np.abs(a * b) / (np.abs(a) + np.abs(b) + 1e-300) * weight)[crosses].sum()


def step_error(numerator, denominator, duration, step):
    """The error of a unit step, 1 − y, of numerator/denominator with y(∞) = 1, as the free motion of its deviation."""
    lead = denominator[0]
    den = np.array(denominator, dtype=float) / lead
    n = len(den) - 1
    num = np.zeros(n)
    num[n - len(numerator):] = np.array(numerator, dtype=float) / lead
    matrix = np.zeros((n, n))
    matrix[:-1, 1:] = np.eye(n - 1)
    matrix[-1] = -den[::-1][:n]
    unit = np.zeros(n)
    unit[-1] = 1.0
    rest = np.linalg.solve(matrix, -unit)
    c = num[::-1]
    if np.linalg.eigvals(matrix).real.max() >= 0:
        return None
    deviation = motion(matrix, -rest, step, int(round(duration / step)) + 1)
    return -deviation @ c


def loop_cost(polynomials, duration, step, criterion):
    def cost(gains):
        error = step_error(*polynomials(gains), duration, step)
        return 1e3 if error is None else integral(error, step, criterion)

    return cost


def motor(gains):
    kp, ki, kd = gains
    forward = 0.015 * np.array([kd, kp, ki])
    return forward, np.polyadd(np.polymul([0.00108, 0.0061, 0.00163], [1, 0]), forward)


def regulator(gains):
    kp, ki, kd = gains
    forward = 10.0 * np.array([kd, kp, ki])
    open_loop = np.array([1.0, 0.0])
    for constant in (0.1, 0.4, 1.0):
        open_loop = np.polymul(open_loop, [constant, 1.0])
    sensor = [0.01, 1.0]
    return np.polymul(forward, sensor), np.polyadd(np.polymul(open_loop, sensor), forward)


def measures(error, step):
    """Overshoot as a fraction, rise time, settling time within 2 %, |e| at the end; linear between two points."""
    y = 1.0 - error
    t = step * np.arange(len(y))

    def passes(mark):
        k = int(np.argmax(y >= mark))
        return t[k] - step * (y[k] - mark) / (y[k] - y[k - 1])

    out = np.nonzero(np.abs(error) > 0.02)[0][-1]
    if out + 1 == len(y):
        return None
    settled = t[out] + step * (abs(error[out]) - 0.02) / (abs(error[out]) - abs(error[out + 1]))
    k = int(np.argmax(y))
    bend = y[k - 1] - 2 * y[k] + y[k + 1]
    top = y[k] - (y[k + 1] - y[k - 1])**2 / (8 * bend) if 0 < k < len(y) - 1 and bend < 0 else y[k]
    return max(top - 1.0, 0.0), passes(0.9) - passes(0.1), settled, abs(error[-1])


def gaing(gains):
    error = step_error(*regulator(gains), 10.0, 0.002)
    found = None if error is None else measures(error, 0.002)
    if found is None:
        return 1e3
    overshoot, rise, settled, left = found
    return (1 - np.exp(-1)) * (overshoot + left) + np.exp(-1) * (settled - rise)


# State and output feedback ------------------------------------------------------------------------------------------

def regulated(a, b, q, r=1.0):
    p = solve_continuous_are(a, b, q, np.array([[r]]))
    return np.trace(p), (b.T @ p / r).ravel()


def helicopter(gains):
    a = np.array([[-.0366, .0271, .0188, -.4555], [.0482, -1.01, .0024, -4.0208], [.1002, .3681, -.707, 1.42], [0, 0, 1, 0]])
    b1 = np.array([[.04678, 0], [.04572, .00988], [.04369, .00111], [-.02179, 0]])
    b = np.array([[.4422, .1761], [3.5446, -7.5922], [-5.52, 4.49], [0, 0]])
    k, c = np.array(gains).reshape(2, 1), np.array([[0, 1.0, 0, 0]])
    closed = a + b @ k @ c
    if np.linalg.eigvals(closed).real.max() >= 0:
        return 1e3
    z = np.array([[2**.5, 0, 0, 0], [0, .5**.5, 0, 0]]) + k @ c / 2**.5
    return np.trace(b1.T @ solve_continuous_lyapunov(closed.T, -z.T @ z) @ b1)


def main():
    low, high = [0.001] * 3, [20.0] * 3
    for criterion in ("itae", "iae", "ise"):
        cost = loop_cost(motor, 2.0, 1e-4, criterion)
        row(f"motor {criterion}", best(boxed(cost, low, high), [[15, 5, 3], [19.9, 5.3, 3.5], [10, 2, 1]]))
        row(f"motor {criterion}, box to 10", best(boxed(cost, low, [10.0] * 3), [[9, 3, 2], [9.9, 2.7, 1.8]]))
    for name, gains in {
        "SCA": (4.938, 0.166, 0.17), "GWO": (11.283, 0.178, 0.326), "PSO": (17.895, 8.389, 1.561), "IWO": (8.628, 3.856, 0.17),
        "mJS": (15.316, 7.578, 2.024), "PSO-ACO": (18.924, 5.037, 17.577), "OBL-HG": (16.602, 1.393, 1.04),
        "CMA-ES": (14.202, 15.261, 1.728), "ASSA": (19.583, 16.951, 5.115), "MEASSA": (17.151, 0.347, 2.11),
    }.items():
        # Longer than the horizon of the cost, so that all have settled.
        overshoot, rise, settled, _ = measures(step_error(*motor(gains), 8.0, 1e-4), 1e-4)
        error = step_error(*motor(gains), 2.0, 1e-4)
        row(f"motor, published {name}", (integral(error, 1e-4, "itae"), (integral(error, 1e-4, "iae"), settled, rise, 100 * overshoot)))

    box = [0.0] * 3, [1.5, 1.0, 1.0]
    row("regulator W", best(boxed(gaing, *box), [[0.657, 0.5389, 0.2458], [0.678, 0.611, 0.2666], [0.7, 0.6, 0.3]]))
    row("regulator W, published", (gaing([0.657, 0.5389, 0.2458]), [0.657, 0.5389, 0.2458]))
    for criterion in ("itae", "iae", "ise", "itse"):
        cost = boxed(loop_cost(regulator, 15.0, 0.002, criterion), *box)
        row(f"regulator {criterion}", best(cost, [[1.2, 0.8, 0.4], [1.4, 0.95, 0.9], [1.0, 0.5, 0.5]]))

    for criterion in ("ise", "itse", "iae", "itae"):
        cost = loop_cost(lambda z: ([1.0], [1.0, 2 * z[0], 1.0]), 40.0, 0.002, criterion)
        row(f"second order {criterion}", best(cost, [[0.6], [0.8]]))
    cost = loop_cost(lambda a: ([1.0], [1.0, a[1], a[0], 1.0]), 40.0, 0.002, "itae")
    row("three integrators itae", best(cost, [[2.15, 1.75]]))
    cost = loop_cost(lambda a: ([1.0], [1.0, a[2], a[1], a[0], 1.0]), 40.0, 0.002, "itae")
    row("four integrators itae", best(cost, [[2.7, 3.4, 2.1], [2.6, 3.3, 1.9]]))

    for theta, step_of, law, criterion in (
        (0.2, "set_point", "PI", "itae"), (1.0, "set_point", "PI", "itae"), (0.2, "set_point", "PID", "itae"),
        (0.2, "load", "PI", "itae"), (0.2, "load", "PID", "itae"), (0.2, "set_point", "PI", "iae"),
        (1.0, "set_point", "PI", "iae"), (0.2, "set_point", "PI", "ise"), (1.0, "load", "PID", "ise"),
        (0.5, "load", "PI", "iae"), (0.5, "load", "PID", "itae"), (1.0, "set_point", "PI", "ise"), (0.5, "set_point", "PID", "iae"),
    ):
        starts = [[0.6 / theta, 1.0, 0.4 * theta], [0.9 / theta, 0.6, 0.4 * theta]]
        if law == "PI":
            starts = [start[:2] for start in starts]
        row(f"dead time {theta} {law} {criterion} {step_of}", best(lambda g: dead_time(g, theta, step_of, criterion), starts))

    chain = np.diag([1.0], 1), np.array([[0.0], [1.0]])
    row("double integrator", regulated(*chain, np.eye(2)))
    row("double integrator, position", regulated(*chain, np.diag([1.0, 0.0])))
    chain = np.diag([1.0, 1.0], 1), np.array([[0.0], [0.0], [1.0]])
    row("triple integrator, position", regulated(*chain, np.diag([1.0, 0.0, 0.0])))
    pendulum = (
        np.array([[0, 1, 0, 0], [0, -.181818, 2.672727, 0], [0, 0, 0, 1], [0, -.454545, 31.181818, 0]]),
        np.array([[0], [1.818182], [0], [4.545455]]),
    )
    row("pendulum", regulated(*pendulum, np.diag([5000.0, 0, 100, 0])))
    row("pendulum, other weights", regulated(*pendulum, np.diag([500.0, 0, 1000, 0])))
    row("HE1, square of the norm", best(helicopter, [[0.0, 5.0], [1.0, 2.0]]))


main()
