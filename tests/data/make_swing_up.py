"""The swing-up of both links of configs/double_pendulum_swing_up.toml from hanging, with gains that stand in tests/swing_up.rs, by the equations of
make_reference.py and SciPy's DOP853 at 1e-12 within each control period. Prints t, x, theta1, theta2 and rates; needs NumPy and SciPy.
"""

import numpy as np
from scipy.integrate import solve_ivp

import make_reference as pendulum

pendulum.INERTIAS = (0.00265, 0.00115)
TIME, SINES = 1.4973, (4.3236, -6.0006, -0.2903, -6.4989, -3.6655)
FEEDBACK = np.array([15.8, -339.6, 483.8, 23.7, 8.96, 47.2])
PERIOD, U_MAX, CATCH, RELEASE, RATE, BRAKE = 0.002, 150.0, 0.3, 1.5, 7.0, 4.0


def swing(state, clock):
    """The force with which the cart has the planned acceleration, from M q'' = h + (u, 0, 0)."""
    phase = clock / TIME
    planned = sum(a * np.sin((k + 1) * np.pi * phase) for k, a in enumerate(SINES))
    wanted = planned if phase < 1 else -BRAKE * state[3]
    mass, load = pendulum.mass_and_load(state, pendulum.FRICTIONS)
    links = np.linalg.solve(mass[1:, 1:], load[1:] - mass[1:, 0] * wanted)
    return mass[0] @ [wanted, *links] - load[0]


def main():
    state, caught, clock = np.array([0.0, np.pi, np.pi, 0.0, 0.0, 0.0]), False, 0.0
    for step in range(4001):
        if step in (250, 500, 600, 700, 1000, 4000):
            print(f"{step * PERIOD:g} " + " ".join(f"{value:.7f}" for value in state), "caught" if caught else "")
        balance = -FEEDBACK @ state
        distance = state[1] ** 2 + state[2] ** 2 + (state[4] ** 2 + state[5] ** 2) / RATE**2
        near = distance < CATCH and abs(balance) < U_MAX
        if near and not caught:
            print(f"caught at {step * PERIOD:g} s")
        caught = near or (caught and distance <= RELEASE)
        force = np.clip(balance if caught else swing(state, clock), -U_MAX, U_MAX)
        clock = 0.0 if caught else clock + PERIOD
        run = solve_ivp(lambda _, s: pendulum.derivative(s, force), (0.0, PERIOD), state, method="DOP853", rtol=1e-12, atol=1e-12)
        state = run.y[:, -1]


if __name__ == "__main__":
    main()
