"""The classical law on the double inverted pendulum, written from the equations and not from the program's code: the plant by
Euler and Lagrange, Gaussian elimination, and the reaching law of Gao and Hung (doi:10.1109/41.184817).

    python3 classical_force.py DIRECTORY json|python

The directory holds an export (tuned.json, tuned.py) and a trajectory of `gainswarm simulate` (run.csv). Prints the largest
difference between the forces of the trajectory and those of the law that is rebuilt from the export alone, in N.
"""

import csv, math, sys
sys.path.insert(0, sys.argv[1])
if sys.argv[2] == "python":
    from tuned import GAINS as gains, LAW as law, PLANT as plant
else:
    import json
    export = json.load(open(sys.argv[1] + "/tuned.json"))
    gains, law, plant = export["gains"], export["law"], export["plant_parameters"]

def solve(matrix, right):
    rows = [row + [r] for row, r in zip(matrix, right)]
    for k in range(3):
        for i in range(k + 1, 3):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k])]
    x = [0.0] * 3
    for k in (2, 1, 0):
        x[k] = (rows[k][3] - sum(rows[k][j] * x[j] for j in range(k + 1, 3))) / rows[k][k]
    return x

def clamp(x, limit):
    return max(-limit, min(limit, x))

def force(x, t1, t2, xd, t1d, t2d):
    p, g = plant, plant["gravity"]
    m1, m2, L1, l1, l2 = (p[k] for k in ("link1_mass", "link2_mass", "link1_length", "link1_com", "link2_com"))
    A, B, C = m1 * l1 + m2 * L1, m2 * l2, m2 * L1 * l2
    J1, J2 = p["link1_inertia"] + m1 * l1**2 + m2 * L1**2, p["link2_inertia"] + m2 * l2**2
    cd, sd = math.cos(t1 - t2), math.sin(t1 - t2)
    M = [[p["cart_mass"] + m1 + m2, A * math.cos(t1), B * math.cos(t2)],
         [A * math.cos(t1), J1, C * cd], [B * math.cos(t2), C * cd, J2]]
    b1, b2 = p["joint1_friction"], p["joint2_friction"]
    h = [A * math.sin(t1) * t1d**2 + B * math.sin(t2) * t2d**2 - p["cart_friction"] * xd,
         A * g * math.sin(t1) - C * sd * t2d**2 - b1 * t1d - b2 * (t1d - t2d),
         B * g * math.sin(t2) + C * sd * t1d**2 + b2 * (t1d - t2d)]
    k1, k2, kx = gains["k1"], gains["k2"], gains["kx"]
    lambda1, lambda2, lambdax = gains["lambda1"], gains["lambda2"], gains["lambdax"]
    relative = law["surface"] == "relative"
    e, ed = (t2 - t1, t2d - t1d) if relative else (t2, t2d)
    sigma = k1 * (t1d + lambda1 * t1) + k2 * (ed + lambda2 * e) + kx * (xd + lambdax * x)
    by_rate = [kx, k1 - k2 if relative else k1, k2]
    dot = lambda a, b: sum(x * y for x, y in zip(a, b))
    beta = dot(by_rate, solve(M, [1.0, 0.0, 0.0]))
    drift = dot(by_rate, solve(M, h)) + k1 * lambda1 * t1d + k2 * lambda2 * ed + kx * lambdax * xd
    u_max = gains["u_max"]
    equivalent = 0.0
    if law["equivalent_control"] and abs(beta) >= 1e-6:
        equivalent = clamp(-drift / beta, gains["eq_limit"] * u_max)
    ratio = sigma / gains["epsilon"]
    w = math.tanh(ratio) if law["saturation"] == "tanh" else clamp(ratio, 1.0)
    u = equivalent - math.copysign(1.0, beta) * (gains["K"] * w + gains["kd"] * sigma)
    return clamp(u, u_max)

assert law["type"] == "classical"
differences, inside = [], 0
for row in csv.DictReader(open(sys.argv[1] + "/run.csv")):
    state = [float(row[k]) for k in ("x", "theta1", "theta2", "x_dot", "theta1_dot", "theta2_dot")]
    differences.append(abs(force(*state) - float(row["u"])))
    inside += abs(float(row["u"])) < gains["u_max"]
assert len(differences) > 10 and inside > 5, (len(differences), inside)
print(max(differences[:-1]))
