"""Gains of linear-quadratic regulators: lqr.csv.

SciPy's solve_continuous_are starts Newton's method (Kleinman 1968) in mpmath with 50 digits, whose Lyapunov equations are solved as linear systems. SciPy's own gains must
agree to 1e-6 and lose digits where the problem is ill-conditioned.

    python make_lqr.py > lqr.csv
"""

import csv
import sys

import mpmath as mp
import numpy as np
from scipy.linalg import solve_continuous_are

mp.mp.dps = 50
STATES = 6
CASES = 12


def refined(a, b, q, r, gains):
    """The gains by Newton's method, and the eigenvalues of the closed loop."""
    n = len(a)
    a, b, q, r = mp.matrix(a.tolist()), mp.matrix(b.tolist()), mp.matrix(q.tolist()), mp.mpf(r)
    k = mp.matrix([[mp.mpf(gain) for gain in gains]])
    for _ in range(40):
        closed, cost = a - b * k, q + r * k.T * k
        system, right = mp.zeros(n * n), mp.matrix(n * n, 1)
        for i in range(n):
            for j in range(n):
                right[i * n + j] = -cost[i, j]
                for m in range(n):
                    system[i * n + j, m * n + j] += closed[m, i]
                    system[i * n + j, i * n + m] += closed[m, j]
        solution = mp.lu_solve(system, right)
        x = mp.matrix(n, n)
        for place in range(n * n):
            x[place // n, place % n] = solution[place]
        before, k = k, b.T * x / r
        if mp.norm(k - before) < mp.mpf(10) ** -35 * mp.norm(k):
            break
    else:
        raise ArithmeticError("Newton's method does not converge")
    values = mp.eig(a - b * k, left=False, right=False)
    assert all(value.real < 0 for value in values)
    return [float(k[j]) for j in range(n)], [abs(value) for value in values]


def main():
    rng = np.random.default_rng(16)
    out = csv.writer(sys.stdout, lineterminator="\n")
    names = [f"a{i + 1}{j + 1}" for i in range(STATES) for j in range(STATES)]
    out.writerow(names + [f"{of}{i + 1}" for of in "bqk" for i in range(STATES)] + ["r", "spread", "scipy_off"])
    for _ in range(CASES):
        a, b = rng.normal(size=(STATES, STATES)), rng.normal(size=STATES)
        # States in units of their own.
        unit = 10 ** rng.uniform(-1.5, 1.5, STATES)
        a, b = a * unit[:, None] / unit, b * unit
        q, r = 10 ** rng.uniform(-3, 6, STATES), 10 ** rng.uniform(-3, 3)
        a, b, q, r = (np.vectorize(lambda x: float(f"{x:.6g}"))(of) for of in (a, b, q, r))
        x = solve_continuous_are(a, b[:, None], np.diag(q), [[r]])
        rough = b @ x / r
        gains, values = refined(a, b, np.diag(q), float(r), rough)
        off = max(abs(rough / gains - 1))
        assert off < 1e-6, off
        row = [*a.flatten(), *b, *q, *gains, float(r)]
        out.writerow([repr(float(x)) for x in row] + [f"{float(max(values) / min(values)):.2g}", f"{off:.1g}"])


main()
