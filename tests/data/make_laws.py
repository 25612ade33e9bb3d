"""Prints what tests/laws_library.rs compares the shipped laws with, from equations that are not written as the models write them.

Limited loops are integrated in small steps, relay oscillations found from the exact condition of a half period (Åström 1995,
Oscillations in systems with relay feedback), margins by python-control, sampled loops by matrix exponentials. Needs NumPy, SciPy and control.
"""
import control as ct
import numpy as np
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.optimize import brentq

# An integrator with limit ±0.1 under a PI, K = 1, Ti = 1 s, a unit step: overshoot in % and time of its peak.
K, KI, LIMIT, TT = 1.0, 1.0, 0.1, 0.5
wanted = lambda x: K * (1 - x[0]) + x[1]
limited = lambda x: min(max(wanted(x), -LIMIT), LIMIT)
MODES = {
    "none": lambda x: KI * (1 - x[0]),
    "back_calculation": lambda x: KI * (1 - x[0]) + (limited(x) - wanted(x)) / TT,
    "conditional_integration": lambda x: 0.0 if (wanted(x) - limited(x)) * KI * (1 - x[0]) > 0 else KI * (1 - x[0]),
}
for name, integral in MODES.items():
    run = solve_ivp(lambda t, x: [limited(x), integral(x)], (0, 60), [0, 0], method="LSODA", rtol=1e-9, atol=1e-11, max_step=1e-2)
    top = run.y[0].argmax()
    print(f"windup {name}: overshoot {100 * (run.y[0][top] - 1):.4f} %, peak at {run.t[top]:.3f} s, settled (2 %) at {run.t[np.where(abs(run.y[0] - 1) > 0.02)[0][-1]]:.3f} s")

# Lead and lag of Ogata's examples: phase margin in degrees at its frequency, gain margin.
s = ct.tf("s")
for name, loop in {
    "lead": 41.7 * (s + 4.41) / (s + 18.4) * 4 / (s * (s + 2)),
    "lag": 5 * (10 * s + 1) / (100 * s + 1) / (s * (s + 1) * (0.5 * s + 1)),
}.items():
    gain, phase, _, at = ct.margin(loop)
    print(f"{name}: phase margin {phase:.5f} degrees at {at:.5f} rad/s, gain margin {gain:.5f}")

# The pendulum on a cart of the Control Tutorials for MATLAB and Simulink under their gains, held over 1 ms.
M, m, b, I, g, l = 0.5, 0.2, 0.1, 0.006, 9.8, 0.3
p = I * (M + m) + M * m * l * l
A = np.array([[0, 1, 0, 0], [0, -(I + m * l * l) * b / p, (m * l) ** 2 * g / p, 0], [0, 0, 0, 1], [0, -m * l * b / p, m * g * l * (M + m) / p, 0]])
B = np.array([[0], [(I + m * l * l) / p], [0], [m * l / p]])
GAINS = np.array([[-70.7107, -37.8345, 105.5298, 20.9238]])
whole = expm(np.block([[A, B], [np.zeros((1, 5))]]) * 1e-3)
poles = np.log(np.linalg.eigvals(whole[:4, :4] - whole[:4, 4:] @ GAINS).astype(complex)) / 1e-3
print("pendulum, continuous:", np.linalg.eigvals(A - B @ GAINS), "held:", poles)

# A relay of ±1 on the voltage regulator: half a period h makes C (I + e^(A h))^-1 ∫ e^(A t) B dt = 0.
A = np.array([[-10, 0, 0, 0], [2.5, -2.5, 0, 0], [0, 1, -1, 0], [0, 0, 100, -100.0]])
B = np.array([100.0, 0, 0, 0])
gamma = lambda h: np.linalg.solve(A, (expm(A * h) - np.eye(4)) @ B)
start = lambda h: -np.linalg.solve(np.eye(4) + expm(A * h), gamma(h))
for hysteresis in (0.0, 0.3):
    # It switches up where the measurement has fallen to −hysteresis.
    half = brentq(lambda h: start(h)[3] + hysteresis, 0.3, 3.0)
    seen = [(expm(A * t) @ start(half) + gamma(t))[3] for t in np.linspace(0, half, 4001)]
    print(f"relay, hysteresis {hysteresis}: period {2 * half:.6f} s, amplitude {max(abs(np.array(seen))):.6f}")

# Symmetrical optimum: overshoot in %, with the zero of the PI and without.
t = np.linspace(0, 60, 600001)
for name, top in (("b = 1", [4, 1]), ("b = 0", [1])):
    print(f"symmetrical optimum, {name}: {ct.step_info(ct.tf(top, [8, 8, 4, 1]), T=t)['Overshoot']:.4f} %")
