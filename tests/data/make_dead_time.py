"""PI and PID on first order plus dead time: the least costs by many criteria and those of published rules.

Gain and time constant are 1, the dead time is θ, the law Kc (1 + 1/(Ti s) + Td s). The dead time is exact: a method of steps with
Chebyshev polynomials, a simplex search from the gains of the published rules. Needs NumPy and SciPy.

`make_dead_time.py` writes known_dead_time.csv anew, in a quarter of an hour: a row for the least cost and one for each rule. Times are in
dead times there. From it and from the directory of the batch configs/known/dead_time_batch.toml, `--table DIRECTORY` prints the table of
docs/known-answers.md and, with Matplotlib, `--plot DIRECTORY SVG` draws docs/known_dead_time.svg.
"""

import csv
import pathlib
import sys

import numpy as np
from scipy.optimize import minimize

CSV = pathlib.Path(__file__).with_name("known_dead_time.csv")


def best(cost, starts):
    """The least of a simplex search from each start, polished from the best."""
    options = {"xatol": 1e-9, "fatol": 1e-13, "maxiter": 4000, "maxfev": 4000}
    found = [minimize(cost, start, method="Nelder-Mead", options=options) for start in starts]
    least = min(found, key=lambda one: one.fun)
    least = minimize(cost, least.x, method="Nelder-Mead", options=options)
    return least.fun, least.x


N = 20
POINTS = -np.cos(np.pi * np.arange(N + 1) / N)
VALUES = np.polynomial.chebyshev.chebvander(POINTS, N)
COEFFICIENTS = np.linalg.inv(VALUES)
SLOPES = np.polynomial.chebyshev.chebvander(POINTS, N - 1) @ np.polynomial.chebyshev.chebder(np.eye(N + 1)) @ COEFFICIENTS
GAUSS, WEIGHTS = np.polynomial.legendre.leggauss(24)
CRITERIA = {
    "iae": lambda t, e: np.abs(e),
    "itae": lambda t, e: t * np.abs(e),
    "ise": lambda t, e: e**2,
    "iste": lambda t, e: (t * e) ** 2,
    "ist2e": lambda t, e: (t**2 * e) ** 2,
}


def dead_time(gains, theta, step_of, criterion, on_error=False):
    """J under Kc (1 + 1/(Ti s) + Td s), the derivative on the measurement, or on the error: then x jumps each time the step's impulse comes back."""
    kc, ti, td = (*gains, 0.0)[:3]
    if min(kc, ti) <= 0 or td < 0 or kc * td >= 1:
        return 1e3
    reference, load = (1.0, 0.0) if step_of == "set_point" else (0.0, 1.0)
    half = 0.5 * theta
    slopes = SLOPES / half
    step = slopes + np.eye(N + 1)
    step[0] = 0.0
    step[0, 0] = 1.0
    step = np.linalg.inv(step)
    summed = slopes.copy()
    summed[0] = 0.0
    summed[0, 0] = 1.0
    summed = np.linalg.inv(summed)
    x, total, past = 0.0, 0.0, None
    jump, still, cost = -reference if on_error else 0.0, 0, 0.0
    for k in range(int(round(max(25.0, 40 * theta) / theta))):
        right = np.full(N + 1, load)
        if past is not None:
            y, s = past
            right = right + kc * (reference - y) + kc / ti * s - kc * td * (slopes @ y)
            jump *= -kc * td
            x += jump
        right[0] = x
        y = step @ right
        right = reference - y
        right[0] = total
        s = summed @ right
        x, total, past = y[-1], s[-1], (y, s)
        if not abs(x) < 1e6:
            return 1e3
        error = COEFFICIENTS @ (reference - y)
        size = np.abs(error).max()
        still = still + 1 if size < 1e-11 else 0
        if still > 3:
            break
        cuts = [-1.0, 1.0]
        if criterion in ("iae", "itae") and size > 1e-10:
            roots = np.polynomial.chebyshev.chebroots(error)
            real = roots[(np.abs(roots.imag) < 1e-9) & (np.abs(roots.real) < 1)].real
            cuts = [-1.0, *sorted(real), 1.0]
        for low, high in zip(cuts, cuts[1:]):
            at = 0.5 * (low + high) + 0.5 * (high - low) * GAUSS
            e = np.polynomial.chebyshev.chebval(at, error)
            t = theta * k + half * (at + 1)
            cost += half * 0.5 * (high - low) * (WEIGHTS @ CRITERIA[criterion](t, e))
    return cost


# Published rules ----------------------------------------------------------------------------------------------------
# A rule is a function of h = θ/τ; gains for a gain and a time constant of 1.

ZIEGLER = "Ziegler & Nichols 1942"
COHEN = "Cohen & Coon 1953"
LOPEZ = "Lopez et al. 1967"
ROVIRA = "Rovira et al. 1969"
ZHUANG = "Zhuang & Atherton 1993"
AMIGO = "Åström & Hägglund 2004"
SIMC = "Skogestad 2003"

# For any criterion and either input. SIMC with τc = θ is a PI.
GENERAL = {
    "pi": {
        ZIEGLER: lambda h: (0.9 / h, 3.33 * h),
        COHEN: lambda h: (0.9 / h + 1 / 12, h * (30 + 3 * h) / (9 + 20 * h)),
        AMIGO: lambda h: (0.15 + (0.35 - h / (1 + h) ** 2) / h, 0.35 * h + 13 * h / (1 + 12 * h + 7 * h**2)),
        SIMC: lambda h: (0.5 / h, min(1.0, 8 * h)),
    },
    "pid": {
        ZIEGLER: lambda h: (1.2 / h, 2 * h, 0.5 * h),
        COHEN: lambda h: ((4 / 3 + h / 4) / h, h * (32 + 6 * h) / (13 + 8 * h), 4 * h / (11 + 2 * h)),
        AMIGO: lambda h: (0.2 + 0.45 / h, h * (0.4 * h + 0.8) / (h + 0.1), 0.5 * h / (0.3 * h + 1)),
        SIMC: lambda h: (0.5 / h, min(1.0, 8 * h), 0.0),
    },
}

# Load, h = 0.1 … 1: Kc = a h^−b, Ti = h^d/c, Td = e h^f.
LOPEZ_TABLE = {
    ("pi", "ise"): (1.305, 0.960, 0.492, 0.739),
    ("pi", "iae"): (0.984, 0.986, 0.608, 0.707),
    ("pi", "itae"): (0.859, 0.977, 0.674, 0.680),
    ("pid", "ise"): (1.495, 0.945, 1.101, 0.771, 0.560, 1.006),
    ("pid", "iae"): (1.435, 0.921, 0.878, 0.749, 0.482, 1.137),
    ("pid", "itae"): (1.357, 0.947, 0.842, 0.738, 0.381, 0.995),
}

# Set point, h = 0.1 … 1: Kc = a h^−b, Ti = 1/(c − d h), Td = e h^f. (Some print 0.865 for the exponent 0.850.) With the derivative on the
# measurement they come within some per cent of the least cost, on the error they do not: they seem to be made for the former.
ROVIRA_TABLE = {
    ("pi", "iae"): (0.758, 0.861, 1.020, 0.323),
    ("pi", "itae"): (0.586, 0.916, 1.030, 0.165),
    ("pid", "iae"): (1.086, 0.869, 0.740, 0.130, 0.348, 0.914),
    ("pid", "itae"): (0.965, 0.850, 0.796, 0.1465, 0.308, 0.929),
}

# doi:10.1049/ip-d.1993.0030, h = 0.1 … 1 and 1.1 … 2; set point as Rovira's formulas ("pi_d": derivative on the measurement), load as Lopez'.
ZHUANG_TABLE = {
    ("pi", "set_point", "ise"): ((0.980, 0.892, 0.690, 0.155), (1.072, 0.560, 0.648, 0.114)),
    ("pi", "set_point", "iste"): ((0.712, 0.921, 0.968, 0.247), (0.786, 0.559, 0.883, 0.158)),
    ("pi", "set_point", "ist2e"): ((0.569, 0.951, 1.023, 0.179), (0.628, 0.583, 1.007, 0.167)),
    ("pid", "set_point", "ise"): ((1.048, 0.897, 1.195, 0.368, 0.489, 0.888), (1.154, 0.567, 1.047, 0.220, 0.490, 0.708)),
    ("pid", "set_point", "iste"): ((1.042, 0.897, 0.987, 0.238, 0.385, 0.906), (1.142, 0.579, 0.919, 0.172, 0.384, 0.839)),
    ("pid", "set_point", "ist2e"): ((0.968, 0.904, 0.977, 0.253, 0.316, 0.892), (1.061, 0.583, 0.892, 0.165, 0.315, 0.832)),
    ("pi_d", "set_point", "ise"): ((1.260, 0.887, 0.701, 0.147, 0.375, 0.886), (1.295, 0.619, 0.661, 0.110, 0.378, 0.756)),
    ("pi_d", "set_point", "iste"): ((1.053, 0.930, 0.736, 0.126, 0.349, 0.907), (1.120, 0.625, 0.720, 0.114, 0.350, 0.811)),
    ("pi_d", "set_point", "ist2e"): ((0.942, 0.933, 0.770, 0.130, 0.308, 0.897), (1.001, 0.624, 0.754, 0.116, 0.308, 0.813)),
    ("pi", "load", "ise"): ((1.279, 0.945, 0.535, 0.586), (1.346, 0.675, 0.552, 0.438)),
    ("pi", "load", "iste"): ((1.015, 0.957, 0.667, 0.552), (1.065, 0.673, 0.687, 0.427)),
    ("pi", "load", "ist2e"): ((1.021, 0.953, 0.629, 0.546), (1.076, 0.648, 0.650, 0.442)),
    ("pid", "load", "ise"): ((1.473, 0.970, 1.115, 0.753, 0.550, 0.948), (1.524, 0.735, 1.130, 0.641, 0.552, 0.851)),
    ("pid", "load", "iste"): ((1.468, 0.970, 0.942, 0.725, 0.443, 0.939), (1.515, 0.730, 0.957, 0.598, 0.444, 0.847)),
    ("pid", "load", "ist2e"): ((1.531, 0.960, 0.971, 0.746, 0.413, 0.933), (1.592, 0.705, 0.957, 0.597, 0.414, 0.850)),
}


def powers(row, h, is_set_point):
    a, b, c, d, *derivative = row
    integral = 1 / (c - d * h) if is_set_point else h**d / c
    return (a * h**-b, integral, *(derivative[0] * h ** derivative[1] for _ in derivative[:1]))


def rules(law, step_of, criterion, h):
    """Rules that are made for this criterion first, with the gains that they give."""
    found = {}
    if (law, step_of, criterion) in ZHUANG_TABLE:
        found[ZHUANG] = powers(ZHUANG_TABLE[law, step_of, criterion][h > 1], h, step_of == "set_point")
    if step_of == "load" and (law, criterion) in LOPEZ_TABLE:
        found[LOPEZ] = powers(LOPEZ_TABLE[law, criterion], h, False)
    form = law.replace("_d", "d")
    if step_of == "set_point" and (form, criterion) in ROVIRA_TABLE:
        found[ROVIRA] = powers(ROVIRA_TABLE[form, criterion], h, True)
    return found | {name: rule(h) for name, rule in GENERAL[form].items()}


# Dead times as shares of the time constant.
SHARES = (0.1, 0.2, 0.5, 1.0, 2.0)
# A load comes in behind the law, so that "pi_d" is "pid" there.
KINDS = [("pi", "set_point"), ("pid", "set_point"), ("pi_d", "set_point"), ("pi", "load"), ("pid", "load")]
UNITS = {"iae": 1, "itae": 2, "ise": 1, "iste": 3, "ist2e": 5}


def make():
    with CSV.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["law", "input", "criterion", "theta", "what", "Kc", "Ti", "Td", "J"])
        for law, step_of in KINDS:
            for criterion in CRITERIA:
                for theta in SHARES:
                    def cost(gains):
                        return dead_time(gains, theta, step_of, criterion, law == "pid") / theta ** UNITS[criterion]

                    published = rules(law, step_of, criterion, theta)
                    start = next(iter(published.values()))
                    usual = (0.6 / theta + 0.2, min(1.0, 4 * theta) + 0.3 * theta, 0.35 * theta)[: len(start)]
                    least, gains = best(cost, [start, usual])
                    rows = {"least": (gains, least)} | {name: (rule, cost(rule)) for name, rule in published.items()}
                    for what, (values, j) in rows.items():
                        kc, ti, td = (*values, 0.0)[:3]
                        numbers = [f"{number:.7g}" for number in (kc, ti / theta, td / theta, j)]
                        out.writerow([law, step_of, criterion, theta, what, *numbers])
                    file.flush()


# The picture and the table of docs/known-answers.md ---------------------------------------------------------------------

NAMES = {
    ("pi", "set_point"): "PI, set point", ("pid", "set_point"): "PID, set point", ("pi_d", "set_point"): "PI-D, set point",
    ("pi", "load"): "PI, load", ("pid", "load"): "PID, load",
}
LABELS = {"iae": "IAE", "itae": "ITAE", "ise": "ISE", "iste": "ISTE", "ist2e": "IST²E"}


def stored():
    """J by law, input, criterion and θ, and then by what."""
    found = {}
    with CSV.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            key = row["law"], row["input"], row["criterion"], float(row["theta"])
            found.setdefault(key, {})[row["what"]] = float(row["J"])
    return found


def tuned(batch):
    """What the batch found, by the same key: J with its gains and an exact dead time."""
    gains = {}
    with open(pathlib.Path(batch, "gains.csv"), encoding="utf-8") as file:
        for row in csv.DictReader(file):
            gains.setdefault(row["study"], {})[row["gain"]] = float(row["value"])
    found = {}
    for name, values in gains.items():
        study, criterion, tau = name.split("-")
        law, step_of = next(kind for kind in KINDS if study == "dead_time_ratio_" + "_".join(kind))
        theta = 1 / float(tau.removeprefix("time_constant"))
        scaled = values["Kc"], values["Ti"] * theta, values["Td"] * theta
        j = dead_time(scaled, theta, step_of, criterion, law == "pid") / theta ** UNITS[criterion]
        found[law, step_of, criterion, theta] = j
    return found


def table(batch):
    known, found = stored(), tuned(batch)
    for law, step_of in KINDS:
        for criterion in CRITERIA:
            keys = [(law, step_of, criterion, theta) for theta in SHARES]
            off = max(found[key] / known[key]["least"] - 1 for key in keys)
            cells = [NAMES[law, step_of], LABELS[criterion], *(f"{known[key]['least']:.5g}" for key in keys), f"{100 * off:.3f} %"]
            for names in ((LOPEZ, ROVIRA), (ZHUANG,)):
                shares = [known[key][name] / known[key]["least"] for key in keys for name in names if name in known[key]]
                cells.append(f"{min(shares):.2f} … {max(shares):.2f}" if shares else "")
            print("| " + " | ".join(cells) + " |")


def plot(batch, target):
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "known", "svg.fonttype": "none", "font.size": 8})
    import matplotlib.pyplot as plt

    known, found = stored(), tuned(batch)
    _, grid = plt.subplots(2, 3, figsize=(9.5, 6.2), sharex=True, sharey=True)
    colours = dict(zip(CRITERIA, ["tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple"]))
    for axes, (law, step_of) in zip(grid.flat, KINDS):
        for criterion in CRITERIA:
            keys = [(law, step_of, criterion, theta) for theta in SHARES]
            for name, marker in ((LOPEZ, "s"), (ROVIRA, "o"), (ZHUANG, "^")):
                if name in known[keys[0]]:
                    shares = [known[key][name] / known[key]["least"] for key in keys]
                    axes.plot(SHARES, shares, marker=marker, ms=4, lw=1, color=colours[criterion], label=f"{name}, {LABELS[criterion]}")
            shares = [found[key] / known[key]["least"] for key in keys]
            axes.plot(SHARES, shares, marker="*", ms=7, lw=1.5, color="black", label="found by gainswarm, all five")
        axes.set_title(NAMES[law, step_of] + ": rules made for the criterion", fontsize=8)
    axes = grid.flat[5]
    keys = [("pid", "load", "itae", theta) for theta in SHARES]
    for name, marker, colour in zip(GENERAL["pid"], "vDPX", ["tab:brown", "tab:olive", "tab:cyan", "grey"]):
        shares = [known[key][name] / known[key]["least"] for key in keys]
        axes.plot(SHARES, shares, marker=marker, ms=4, lw=1, color=colour, label=name)
    axes.plot(SHARES, [found[key] / known[key]["least"] for key in keys], marker="*", ms=7, lw=1.5, color="black")
    axes.set_title("PID, load, ITAE: rules made for any", fontsize=8)
    for axes in grid.flat:
        axes.set(xscale="log", yscale="log", ylim=(0.95, 50))
        axes.set_xticks(SHARES, [f"{share:g}" for share in SHARES])
        axes.set_yticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    for axes in grid[1]:
        axes.set_xlabel("dead time / time constant")
    for axes in grid[:, 0]:
        axes.set_ylabel("J / the least J")
    labels = {}
    for axes in grid.flat:
        labels |= {label: line for line, label in zip(*axes.get_legend_handles_labels())}
    plt.gcf().legend(labels.values(), labels, fontsize=7, loc="upper center", bbox_to_anchor=(0.5, 0.03), ncol=4, frameon=False)
    plt.savefig(target, bbox_inches="tight", metadata={"Date": None})


if __name__ == "__main__":
    {"--plot": plot, "--table": table}.get("".join(sys.argv[1:2]), make)(*sys.argv[2:])
