#!/usr/bin/env python3
"""Fits the motor of configs/data/motor_step.csv by SciPy's least squares over the exact motion, and prints the values with their 95 % intervals,
which stand in tests/identification.rs."""
import numpy as np
from scipy.linalg import expm
from scipy.optimize import least_squares
from scipy.stats import t as student

K, STEP, START, PERIOD = 0.042, 12.0, 0.1, 0.01
log = np.loadtxt("configs/data/motor_step.csv", delimiter=",", skiprows=1)


def residuals(logarithms):
    J, D, KB, R, L = np.exp(logarithms)
    a = np.array([[-D / J, K / J, 0], [-KB / L, -R / L, 1 / L], [0, 0, 0]])
    one, x, rows = expm(a * PERIOD), np.zeros(3), []
    for t in log[:, 0]:
        x[2] = 0.0 if t < START - 1e-9 else STEP
        rows.append(x[:2].copy())
        x = one @ x
    off = np.array(rows) - log[:, 2:4]
    return (off / [0.2, 0.02]).ravel()


fit = least_squares(residuals, np.log([1e-3, 1e-3, 0.1, 1.0, 0.5]), xtol=1e-15, ftol=1e-15, gtol=1e-15)
n, p = fit.fun.size, fit.x.size
spread = np.sqrt(np.diag(np.linalg.inv(fit.jac.T @ fit.jac)) * (fit.fun @ fit.fun) / (n - p)) * student.ppf(0.975, n - p)
for name, value, by in zip(["J", "D", "Kb", "R", "L"], fit.x, spread):
    print(f"{name} {np.exp(value):.8g} {np.exp(value - by):.8g} {np.exp(value + by):.8g}")
print(n, fit.fun @ fit.fun * 0.001)
