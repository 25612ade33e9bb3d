"""Writes plants/*.csv: motions of the shipped plants, from equations that are not written as the models write them.

Mechanisms are integrated in other coordinates (reaction forces, point masses, momenta, flux linkage, quaternions), the reactor in SI units, linear plants by
matrix exponentials, a converter as its switch switches as well, Gymnasium's cart and pole by its own step. A law acts once a period and is held, as in a sampled loop.
Needs NumPy and SciPy. `make_plants.py DIRECTORY` writes into DIRECTORY/plants.
"""
import math, random, sys
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp
from scipy.linalg import expm


def write(name, header, rows):
    lines = [",".join(header)] + [",".join(repr(float(value)) for value in row) for row in rows]
    (Path(sys.argv[1]) / "plants" / f"{name}.csv").write_text("\n".join(lines) + "\n")


def motion(rates, start, dt, steps, every, law=lambda state: (), seen=lambda state: state):
    """Rows of time and what is seen of the state, the law's inputs held over each step of dt."""
    state, rows, stretch = np.array(start, float), [], 1 if law(seen(np.array(start, float))) else every
    for step in range(0, steps, stretch):
        if step % every == 0:
            rows.append([step * dt, *seen(state)])
        u = law(seen(state))
        run = solve_ivp(lambda t, x: rates(x, *u), (0, stretch * dt), state, method="DOP853", rtol=1e-13, atol=1e-14)
        state = run.y[:, -1]
    return rows


def held(a, b, dt):
    """The exact map of x' = a x + b u over dt with u held."""
    n, m = b.shape
    whole = expm(np.block([[a, b], [np.zeros((m, n + m))]]) * dt)
    return whole[:n, :n], whole[:n, n:]


def sampled(a, b, start, dt, steps, every, law):
    f, g = held(np.array(a, float), np.array(b, float), dt)
    state, rows = np.array(start, float), []
    for step in range(steps):
        u = np.atleast_1d(law(state))
        if step % every == 0:
            rows.append([step * dt, *state, *u])
        state = f @ state + g @ u
    return rows


# The motor: 12 V and a load torque.
J, D, K, KB, R, L = 0.0004, 0.0022, 0.015, 0.05, 0.4, 2.7
MOTOR = [[-D / J, K / J], [-KB / L, -R / L]], [[0, -1 / J], [1 / L, 0]]
rows = sampled(*MOTOR, [10.0, 0.5], 1e-3, 2000, 100, lambda x: [12.0, 0.02])
write("dc_motor", ["time", "omega", "current"], [row[:3] for row in rows])


# The motor under a limited PID controller with weights: the program of Åström & Murray, Feedback Systems (2008), section 10.5.
class Pid:
    kp, ki, kd, n, b, c, limit, tt, h = 8.0, 30.0, 0.5, 200.0, 0.7, 0.3, 24.0, 0.2, 1e-3

    def __init__(self):
        self.integral, self.slope, self.before = 0.0, 0.0, 0.0
        self.br, self.ad = self.h / self.tt, 1 / (1 + self.n * self.h)

    def __call__(self, r, y):
        now = self.c * r - y
        self.slope = self.ad * self.slope + self.kd * self.n * self.ad * (now - self.before)
        self.before = now
        v = self.kp * (self.b * r - y) + self.integral + self.slope
        u = min(max(v, -self.limit), self.limit)
        self.integral += self.ki * self.h * (r - y) + self.br * (u - v)
        return u


pid = Pid()
rows = sampled(*MOTOR, [0.0, 0.0], pid.h, 2000, 40, lambda x: [pid(5.0, x[0]), 0.0])
write("pid", ["time", "omega", "current", "u"], [row[:4] for row in rows])

# The voltage regulator, unity feedback of the sensor's voltage.
AVR = [[-10, 0, 0, 0], [2.5, -2.5, 0, 0], [0, 1, -1, 0], [0, 0, 100, -100]], [[100], [0], [0], [0]]
rows = sampled(*AVR, [0.0, 0.0, 0.0, 0.0], 1e-3, 4000, 100, lambda x: [1 - x[3]])
write("avr", ["time", "amplifier", "exciter", "voltage", "sensor"], [row[:5] for row in rows])


# A rigid body by its quaternion.
INERTIA = np.array([0.0075, 0.008, 0.013])


def tumble(state, *torque):
    w, v, omega = state[0], state[1:4], state[4:]
    turn = [-0.5 * v @ omega, *(0.5 * (w * omega + np.cross(v, omega)))]
    return [*turn, *((np.array(torque) - np.cross(omega, INERTIA * omega)) / INERTIA)]


def quaternion(roll, pitch, yaw):
    (cr, sr), (cp, sp), (cy, sy) = [(math.cos(a / 2), math.sin(a / 2)) for a in (roll, pitch, yaw)]
    return [cr * cp * cy + sr * sp * sy, sr * cp * cy - cr * sp * sy, cr * sp * cy + sr * cp * sy, cr * cp * sy - sr * sp * cy]


def angles(state):
    w, x, y, z = state[:4]
    roll = math.atan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y))
    pitch = math.asin(2 * (w * y - z * x) / (state[:4] @ state[:4]))
    return np.array([roll, pitch, math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)), *state[4:]])


rows = motion(tumble, [*quaternion(0.1, -0.2, 0.3), 0.5, -0.4, 0.2], 1e-3, 1000, 50, lambda x: (0.004, -0.003, 0.002), angles)
write("quadrotor_attitude", ["time", "roll", "pitch", "yaw", "p", "q", "r"], rows)

# The ball on the beam by Hamilton's equations: position, angle, their momenta.
BALL, RADIUS, ROLL, BEAM, G = 0.05, 0.01, 2e-6, 0.02, 9.81
inertias = lambda r: (ROLL / RADIUS**2 + BALL, BALL * r * r + BEAM + ROLL)


def ball(state, torque):
    r, angle, p, h = state
    first, second = inertias(r)
    rate = h / second
    return [p / first, rate, BALL * r * rate**2 - BALL * G * math.sin(angle), torque - BALL * G * r * math.cos(angle)]


def ball_seen(state):
    first, second = inertias(state[0])
    return np.array([state[0], state[1], state[2] / first, state[3] / second])


start = np.array([0.3, 0.1, -0.2, 0.4])
momenta = start[2:] * inertias(start[0])
law = lambda x: (BALL * G * x[0] + 2 * x[0] + 2 * x[2] - 6 * x[1] - 1.2 * x[3],)
rows = motion(ball, [0.3, 0.1, *momenta], 1e-3, 2000, 100, law, ball_seen)
write("ball_and_beam", ["time", "position", "angle", "position_dot", "angle_dot"], rows)

# The levitated ball: position, speed, flux linkage; the force is the slope of the coenergy i²L(y)/2.
MASS, FRICTION, A, L0, L1, COIL = 0.1, 0.001, 0.05, 0.01, 0.02, 1.0
inductance = lambda y: L1 + L0 / (1 + y / A)


def levitated(state, voltage):
    y, v, flux = state
    i = flux / inductance(y)
    return [v, G - FRICTION / MASS * v - i * i / 2 * L0 / A / (1 + y / A) ** 2 / MASS, voltage - COIL * i]


level_seen = lambda x: np.array([x[0], x[2] / inductance(x[0]), x[1]])
hold = 6.26418390534633
law = lambda x: (hold + 2000 * (x[0] - 0.05) + 120 * x[2] - 10 * (x[1] - hold),)
rows = motion(levitated, [0.055, 0.1, 6.5 * inductance(0.055)], 1e-3, 1000, 50, law, level_seen)
write("magnetic_levitation", ["time", "position", "current", "position_dot"], rows)

# Two tanks, in centimetres.
root = lambda level: math.sqrt(2 * 981 * max(level, 0))
tanks = lambda x, v: [(3.33 * v - 0.071 * root(x[0])) / 28, (0.071 * root(x[0]) - 0.071 * root(x[1]) - 2.0) / 28]
rows = motion(tanks, [2.0, 15.0], 0.1, 2000, 100, lambda x: (4.0,), lambda x: x)
write("two_tanks", ["time", "upper", "lower"], [[t, upper / 100, lower / 100] for t, upper, lower in rows])


# The reactor in SI units; the coolant is 5 K warmer than what keeps the equilibrium.
def reactor(state, coolant):
    c, temperature = state
    flow, volume, capacity, transfer = 0.1 / 60, 0.1, 1000 * 239.0, 5e4 / 60
    rate = 7.2e10 / 60 * math.exp(-8750 / temperature) * c
    heat = flow * capacity * (350 - temperature) + 5e4 * rate * volume + transfer * (coolant - temperature)
    return [flow / volume * (1000 - c) - rate, heat / (volume * capacity)]


rows = motion(reactor, [500.0, 350.0], 0.1, 6000, 300, lambda x: (305.0,), lambda x: x)
write("stirred_tank", ["time", "concentration", "temperature"], [[t, c / 1000, temperature] for t, c, temperature in rows])


# The pendulum on a cart by Newton's laws of both bodies: x'', theta'', and the forces in the joint, H and V.
def pendulum(state, u, coulomb=0.0):
    _, theta, v, w = state
    m, l, s, c = 0.2, 0.3, math.sin(theta), math.cos(theta)
    # The centre of mass stands at (x - l s, l c); its acceleration is linear in x'' and theta''.
    equations = [[0.5, 0, 1, 0], [m, -m * l * c, -1, 0], [0, -m * l * s, 0, -1], [0, 0.006, -l * c, -l * s]]
    right = [u - 0.1 * v - coulomb * math.tanh(v / 0.05), -m * l * s * w * w, -m * 9.8 + m * l * c * w * w, -0.02 * w]
    return [v, w, *np.linalg.solve(equations, right)[:2]]


gains = [-70.7107, -37.8345, 105.5298, 20.9238]
law = lambda x: (-(gains[0] * x[0] + gains[1] * x[2] + gains[2] * x[1] + gains[3] * x[3]),)
rows = motion(pendulum, [0.1, 0.3, 0.0, -0.5], 1e-3, 2000, 100, law)
write("inverted_pendulum", ["time", "x", "theta", "x_dot", "theta_dot"], rows)

# The same with Coulomb friction of 1 N, whole well above 0.05 m/s.
rows = motion(lambda state, u: pendulum(state, u, 1.0), [0.1, 0.3, 0.0, -0.5], 1e-3, 2000, 100, law)
write("inverted_pendulum_coulomb", ["time", "x", "theta", "x_dot", "theta_dot"], rows)


# Linkages of point masses by d'Alembert's principle: a rod is two points about its centre of mass, at its radius of gyration. A point is its mass, its
# slopes by the coordinates, and the acceleration that it has without theirs.
def rod(mass, inertia, com):
    return [(mass / 2, com + side * math.sqrt(inertia / mass)) for side in (-1, 1)]


def accelerations(points, own, forces):
    matrix, right = np.diag(own).astype(float), np.array(forces, float)
    for mass, slopes, acceleration in points:
        weight = mass * np.array([0, 0, -9.81])
        matrix += mass * slopes.T @ slopes
        right += slopes.T @ (weight - mass * acceleration)
    return np.linalg.solve(matrix, right)


# Furuta's pendulum: e_r along the arm, e_t across it, e_z upward.
def furuta(state, torque):
    turn, lean, w, v = state
    e_r, e_t, e_z = np.array([[math.cos(turn), math.sin(turn), 0], [-math.sin(turn), math.cos(turn), 0], [0, 0, 1]])
    s, c, points = math.sin(lean), math.cos(lean), []
    for mass, far in rod(0.1, 0.00075, 0.15):
        slopes = np.column_stack([0.2 * e_t - far * s * e_r, far * (c * e_t - s * e_z)])
        own = -w * w * (0.2 * e_r + far * s * e_t) - 2 * w * v * far * c * e_r - v * v * far * (s * e_t + c * e_z)
        points.append((mass, slopes, own))
    return [w, v, *accelerations(points, [0.002, 0], [torque - 0.001 * w, -0.0001 * v])]


law = lambda x: (0.1 * math.sin(3 * x[0]) - 0.01 * x[2],)
rows = motion(furuta, [0.4, 2.5, -3.0, 4.0], 1e-3, 1000, 50, law)
write("furuta_pendulum", ["time", "arm", "alpha", "arm_dot", "alpha_dot"], rows)


# The arm of two links, x to the right and z upward, under PD of its joints with its weight taken off.
ARM = [1.2, 0.8, 0.9, 0.4, 0.35, 0.07, 0.05]  # m1, m2, l1, lc1, lc2, I1, I2


def arm(state, torque1, torque2):
    m1, m2, l1, lc1, lc2, i1, i2 = ARM
    q1, q2, w1, w2 = state
    along = lambda q: np.array([math.cos(q), 0, math.sin(q)])
    across = lambda q: np.array([-math.sin(q), 0, math.cos(q)])
    zero, points = np.zeros(3), []
    for mass, far in rod(m1, i1, lc1):
        points.append((mass, np.column_stack([far * across(q1), zero]), -far * w1 * w1 * along(q1)))
    for mass, far in rod(m2, i2, lc2):
        bent = far * across(q1 + q2)
        own = -l1 * w1 * w1 * along(q1) - far * (w1 + w2) ** 2 * along(q1 + q2)
        points.append((mass, np.column_stack([l1 * across(q1) + bent, bent]), own))
    return [w1, w2, *accelerations(points, [0, 0], [torque1, torque2])]


def joints(x):
    """Set points 1 and −0.5 rad, gains 60, 12, 20 and 3, a limit of 15 N m; the weight is known 10 % too small."""
    m1, m2, l1, lc1, lc2, _, _ = ARM
    elbow = 0.9 * 9.81 * m2 * lc2 * math.cos(x[0] + x[1])
    shoulder = 0.9 * 9.81 * (m1 * lc1 + m2 * l1) * math.cos(x[0]) + elbow
    torques = (60 * (1 - x[0]) - 12 * x[2] + shoulder, 20 * (-0.5 - x[1]) - 3 * x[3] + elbow)
    return [min(max(torque, -15), 15) for torque in torques]


rows = motion(arm, [-1.4, 0.6, 0.5, -2.0], 1e-3, 1000, 50, joints)
write("two_link_arm", ["time", "q1", "q2", "q1_dot", "q2_dot"], rows)

# The motor that turns to an angle, with the inductance of 2.75 uH that the model leaves out.
J, D, K, R, L = 3.2284e-6, 3.5077e-6, 0.0274, 4.0, 2.75e-6
SHAFT = [[0, 1, 0], [0, -D / J, K / J], [0, -K / L, -R / L]], [[0, 0], [0, -1 / J], [1 / L, 0]]
rows = sampled(*SHAFT, [0.1, 2.0, 0.0], 1e-3, 500, 25, lambda x: [6.0, 0.002])
write("dc_motor_position", ["time", "angle", "angle_dot"], [row[:3] for row in rows])

# The buck converter on 48 V: averaged; and its switch five times a control period of 0.25 ms, a triangle of 10 V against the control voltage, so that
# half of the time in which it is open stands before that in which it is closed. Where the triangle is at its top, a state is near its average.
L, C, COIL, LOAD, SUPPLY, RAMP = 5e-3, 4.7e-3, 0.1, 10.0, 48.0, 10.0
BUCK = [[-1 / LOAD / C, 1 / C], [-1 / L, -COIL / L]], [[0, -1 / C], [1 / L, 0]]
control = lambda x: 5.0 - 0.1 * (x[0] - 20.0) - 0.2 * (x[1] - 2.0)
rows = sampled(*BUCK, [10.0, 3.0], 2.5e-4, 400, 10, lambda x: [SUPPLY * min(max(control(x) / RAMP, 0), 1), 0.5])
write("buck_converter", ["time", "voltage", "current"], [row[:3] for row in rows])
state, rows = np.array([10.0, 3.0]), []
for step in range(400):
    if step % 10 == 0:
        rows.append([step * 2.5e-4, *state])
    duty = min(max(control(state) / RAMP, 0), 1)
    for _ in range(5):
        for share, on in ((0.5 * (1 - duty), 0), (duty, SUPPLY), (0.5 * (1 - duty), 0)):
            f, g = held(*map(np.array, BUCK), share * 2.5e-4 / 5)
            state = f @ state + g @ [on, 0.5]
write("buck_converter_switched", ["time", "voltage", "current"], rows)


# Two heaters by their heat in J above that of 0 K, radiation as differences of temperatures times what multiplies them.
def heaters(state, first, second):
    a, b, room = state[0] / 2.0, state[1] / 2.0, 296.15
    passed = lambda hot, cold, area: area * (10 + 0.9 * 5.67e-8 * (hot * hot + cold * cold) * (hot + cold)) * (hot - cold)
    across = passed(a, b, 2e-4)
    return [0.01 * first - passed(a, room, 1e-3) - across, 0.0075 * second - passed(b, room, 1e-3) + across]


rows = motion(heaters, [2 * 310.0, 2 * 296.15], 0.1, 6000, 300, lambda x: (80.0, 20.0), lambda x: x / 2.0 - 296.15)
write("two_heaters", ["time", "rise1", "rise2"], rows)


# Gymnasium's CartPole-v1: one step of 0.02 s.
def step(x, x_dot, theta, theta_dot, force):
    gravity, masscart, masspole, length, tau = 9.8, 1.0, 0.1, 0.5, 0.02
    total_mass, polemass_length = masspole + masscart, masspole * length
    costheta, sintheta = math.cos(theta), math.sin(theta)
    temp = (force + polemass_length * theta_dot**2 * sintheta) / total_mass
    thetaacc = (gravity * sintheta - costheta * temp) / (length * (4.0 / 3.0 - masspole * costheta**2 / total_mass))
    xacc = temp - polemass_length * thetaacc * costheta / total_mass
    return [x + tau * x_dot, x_dot + tau * xacc, theta + tau * theta_dot, theta_dot + tau * thetaacc]


random.seed(21)
rows = []
for _ in range(50):
    state = [random.uniform(-2.4, 2.4), random.uniform(-3, 3), random.uniform(-0.21, 0.21), random.uniform(-3, 3)]
    rows += [[*state, force, *step(*state, force)] for force in (-10.0, 10.0)]
names = ["x", "x_dot", "theta", "theta_dot"]
write("cart_pole_gymnasium", [*names, "force", *(f"next_{name}" for name in names)], rows)
