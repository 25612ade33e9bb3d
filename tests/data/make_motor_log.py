#!/usr/bin/env python3
"""Writes configs/data/motor_step.csv: a step of 12 V on a DC motor as a noisy log has it.

The motor is J omega' = K i - D omega, L i' = u - R i - Kb omega. The motion is the exact one, by the matrix exponential (SciPy). The
sensors add normal noise of 0.2 rad/s and 0.02 A (NumPy, seed 20). The values below are those that a tuning must find again.
"""
import numpy as np
from scipy.linalg import expm

J, D, K, KB, R, L = 0.00052, 0.0031, 0.042, 0.042, 0.45, 0.09
STEP, START, PERIOD, END = 12.0, 0.1, 0.01, 3.0

a = np.array([[-D / J, K / J, 0], [-KB / L, -R / L, 1 / L], [0, 0, 0]])
times = np.arange(0, END + PERIOD / 2, PERIOD)
x = np.zeros(3)
rows = []
noise = np.random.default_rng(20)
for t in times:
    x[2] = 0.0 if t < START - 1e-9 else STEP
    rows.append((t, x[2], x[0] + noise.normal(0, 0.2), x[1] + noise.normal(0, 0.02)))
    x = expm(a * PERIOD) @ x
with open("configs/data/motor_step.csv", "w") as file:
    file.write("time,voltage,speed,current\n")
    for t, u, omega, current in rows:
        file.write(f"{t:.2f},{u:g},{omega:.3f},{current:.4f}\n")
