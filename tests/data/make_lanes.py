"""Writes lanes.csv: function, x, and the exact value as high + low, all as hexadecimal bits of doubles."""
import math, random, struct
from mpmath import mp, mpf, sin, cos, tanh, pi

mp.dps = 60
random.seed(20)
bits = lambda x: "%016x" % struct.unpack("<Q", struct.pack("<d", x))[0]

def row(name, f, x):
    exact = f(mpf(x))
    high = float(exact)
    print(",".join([name, bits(x), bits(high), bits(float(exact - mpf(high)))]))

angles = [0.0, -0.0, 1000.0, -1000.0]
angles += [random.uniform(-1000, 1000) for _ in range(800)]
angles += [random.uniform(-4, 4) for _ in range(800)]
angles += [float(k * pi / 2) for k in range(-636, 637, 7)] + [float(k * pi / 4) for k in range(-40, 41)]
angles += [math.nextafter(float(k * pi / 4), d) for k in range(-20, 21) for d in (math.inf, -math.inf)]
angles += [s * 10.0 ** random.uniform(-300, 0) for _ in range(100) for s in (1, -1)]
arguments = [0.0, -0.0, 20.0, -20.0, 1e308, 19.0615, 0.34657, 0.17328]
arguments += [s * 10.0 ** random.uniform(-300, 2) for _ in range(100) for s in (1, -1)]
arguments += [s * 10.0 ** random.uniform(-3, 1.35) for _ in range(800) for s in (1, -1)]
arguments += [random.uniform(0.01, 0.6) for _ in range(1500)]
arguments += [math.nextafter(k * math.log(2) / 4, d) for k in range(1, 60) for d in (math.inf, -math.inf)]

print("function,x,high,low")
for x in angles:
    row("sin", sin, x)
    row("cos", cos, x)
for x in arguments:
    row("tanh", tanh, x)
