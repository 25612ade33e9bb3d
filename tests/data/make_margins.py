"""Margins of published loops by python-control, for tests/margins.rs: writes margins.csv.

Each loop is a plant num/den under u = Kp e + Ki/s e, e = -y, sampled: the plant by zero-order hold over T = period * dt, the integral by the
rectangle rule, Ki T/(z - 1), a dead time of whole control periods, and an actuator's lag, exact for a command that is held.
What the sources print is of continuous time; it agrees as far as a short period lets it.
The last columns are the largest |P/(1 + L)| and |C/(1 + L)| and where they are, in rad/s; dead time and lag belong to P.

pip install control==0.10.2 numpy scipy
"""

import csv
import warnings

import control
import numpy as np
from scipy.optimize import brentq, minimize_scalar

# name, source, num, den, Kp, Ki, dt, period in steps, dead time in steps, lag, printed gain margin, printed phase margin, printed Ms
LOOPS = [
    ("inverse_response_pi", "Skogestad & Postlethwaite, Multivariable Feedback Control (2005), section 2.4.3",
     [-6, 3], [50, 15, 1], 1.136, 1.136 / 12.7, 0.01, 1, 0, 0, 1.63, 19.4, 3.92),
    ("three_equal_lags", "Astrom & Murray, Feedback Systems (2008), example 9.5",
     [1], [1, 3, 3, 1], 3, 0, 0.005, 1, 0, 0, 2.67, 41.7, 1 / 0.464),
    ("lightly_damped_mode", "Astrom & Murray, Feedback Systems (2008), example 9.6",
      [0.38, 0.038, 0.209], [1, 1.06, 0.56, 0.5, 0], 1, 0, 0.002, 1, 0, 0, None, 70, 1 / 0.27),
    ("servo_k10", "Ogata, Modern Control Engineering (2010), example 7-20",
     [1], [1, 6, 5, 0], 10, 0, 0.002, 1, 0, 0, None, None, None),
    ("integrator_and_two_lags", "Franklin, Powell & Emami-Naeini, Feedback Control of Dynamic Systems (2015), section 6.4",
     [1], [1, 2, 1, 0], 1, 0, 0.005, 1, 0, 0, 2, 21.4, None),
    ("double_integrator_pd", "Franklin, Powell & Workman, Digital Control of Dynamic Systems (1998), section 4.2: satellite attitude",
     [1.4, 1], [1, 0, 0], 1, 0, 0.01, 1, 0, 0, None, None, None),
    ("dead_time_simc_pi", "Skogestad 2003, doi:10.1016/S0959-1524(02)00062-8, table 1",
     [1], [1, 1], 0.5 / 0.2, 0.5 / 0.2, 0.005, 1, 40, 0, 3.14, 61.4, 1.59),
    ("unstable_pole", "Astrom & Murray, Feedback Systems (2008), section 9.2: k/(s - 1)",
     [1], [1, -1], 2, 0, 0.005, 1, 0, 0, None, 60, None),
    ("motor_sampled_each_second", "Ogata, Discrete-Time Control Systems (1995), example 4-7: stable for K < 2.39",
     [1], [1, 1, 0], 1, 0, 0.02, 50, 0, 0, 2.39, None, None),
    ("lag_sampled_each_second_with_dead_time", "Astrom & Wittenmark, Computer-Controlled Systems (1997), section 2.3",
     [1], [1, 1], 0.4, 0.1, 0.02, 50, 50, 0, None, None, None),
    ("motor_with_slow_actuator", "Astrom & Murray, Feedback Systems (2008), section 9.3: 1/(s (s + 1) (0.1 s + 1)) with its lag in the actuator",
     [1], [1, 1, 0], 2, 0, 0.002, 1, 0, 0.1, None, None, None),
]


def sampled(num, den, kp, ki, dt, period, dead, lag):
    """P(z), C(z) and the control period."""
    t = dt * period
    plant = control.ss(control.c2d(control.tf2ss(num, den), t, "zoh"))
    law = control.tf([kp, ki * t - kp], [1, -1], t) if ki else control.tf([kp], [1], t)
    assert dead % period == 0
    if dead:
        plant = plant * control.ss(control.tf([1], [1] + [0] * (dead // period), t))
    if lag:
        assert period == 1
        left = np.exp(-dt / lag)
        plant = plant * control.ss(control.tf([1 - left, 0], [1, -left], t))
    return plant, control.ss(law), t


def figures(loop, t):
    """Gain margins up and down, phase and delay margin, Ms, Mt: by roots on a dense grid, held against control.stability_margins."""
    w = np.concatenate([np.geomspace(1e-5, np.pi / t, 400_001)])
    w[-1] = np.pi / t
    at = lambda x: loop(np.exp(1j * x * t)).item() if np.isscalar(x) else np.array(loop(np.exp(1j * x * t))).ravel()
    values = at(w)
    ups, downs, phases, delays = [np.inf], [0.0], [np.inf], [np.inf]

    def real(l):
        if l.real < 0 and 1e-7 < -1 / l.real < 1e7:
            k = -1 / l.real
            (ups if k > 1 else downs).append(k)

    for k in np.nonzero(np.diff(np.sign(values.imag)))[0]:
        if abs(values[k].imag) < 1e9:
            real(at(brentq(lambda x: at(x).imag, w[k], w[k + 1], xtol=1e-15, rtol=1e-14)))
    real(at(float(np.pi / t)))
    if not np.any(np.abs(loop.poles() - 1) < 1e-6):
        real(loop(1.0 + 0j).item())
    for k in np.nonzero(np.diff(np.sign(np.abs(values) - 1)))[0]:
        x = brentq(lambda x: abs(at(x)) - 1, w[k], w[k + 1], xtol=1e-15, rtol=1e-14)
        lag = np.angle(-at(x))
        phases.append(abs(np.degrees(lag)))
        delays.append(lag % (2 * np.pi) / x)

    def largest(size):
        best = 0
        sizes = size(values)
        for k in np.nonzero((sizes[1:-1] >= sizes[:-2]) & (sizes[1:-1] >= sizes[2:]))[0] + 1:
            found = minimize_scalar(lambda x: -size(at(x)), bounds=(w[k - 1], w[k + 1]), method="bounded", options={"xatol": 1e-12})
            best = max(best, -found.fun)
        return max(best, sizes[0], sizes[-1])

    ms, mt = largest(lambda l: abs(1 / (1 + l))), largest(lambda l: abs(l / (1 + l)))
    return min(ups), max(downs), min(phases), min(delays), ms, mt


def peak(system, t):
    """The largest size of a response, and where it is: on a dense grid, then between its neighbours."""
    w = np.concatenate([[0], np.geomspace(1e-5, np.pi / t, 400_001)])
    w[-1] = np.pi / t
    size = lambda x: np.abs(np.array(system(np.exp(1j * x * t))).ravel())
    sizes = size(w)
    k = int(np.nanargmax(sizes))
    if k in (0, len(w) - 1):
        return sizes[k], w[k]
    found = minimize_scalar(lambda x: -size(x)[0], bounds=(w[k - 1], w[k + 1]), method="bounded", options={"xatol": 1e-12})
    return -found.fun, found.x


def agrees(loop, found):
    """What control.stability_margins finds is among it, to 1e-6."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gm, pm, sm, wpc, wgc, wms = control.stability_margins(loop, returnall=True, method="frd" if loop.nstates > 20 else "best")
    up, down, phase, delay, ms, _ = found
    near = lambda a, b: abs(a / b - 1) < 1e-6
    gains = [1.0 * g for g in gm]
    told = []
    if np.isfinite(up):
        told.append(("gain", any(near(g, up) for g in gains)))
    if down > 0:
        told.append(("down", any(near(g, down) for g in gains)))
    if np.isfinite(phase):
        told.append(("phase", any(near(abs(p), phase) for p in pm)))
    told.append(("Ms", any(near(s, 1 / ms) for s in sm)))
    return told


def main():
    with open("margins.csv", "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow("name,num,den,kp,ki,dt,period,dead_time,lag,gain,gain_down,phase,delay,ms,mt,radius,printed_gain,printed_phase,printed_ms,ps,ps_at,cs,cs_at".split(","))
        for name, _, num, den, kp, ki, dt, period, dead, lag, *printed in LOOPS:
            plant, law, t = sampled(num, den, kp, ki, dt, period, dead, lag)
            loop = plant * law
            found = figures(loop, t)
            closed = control.feedback(loop, 1)
            gang = [*peak(control.feedback(plant, law), t), *peak(control.feedback(law, plant), t)]
            radius = max(abs(closed.poles()))
            print(name, [f"{x:.6g}" for x in found], f"{radius:.6g}", printed, agrees(loop, found))
            text = lambda numbers: " ".join(repr(float(x)) for x in numbers)
            out.writerow([name, text(num), text(den), kp, ki, dt, period, dead, lag, *(repr(float(x)) for x in found), repr(float(radius)),
                          *("" if x is None else x for x in printed), *(repr(float(x)) for x in gang)])


if __name__ == "__main__":
    main()
