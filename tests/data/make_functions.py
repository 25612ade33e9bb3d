"""Writes functions.csv: function, a, b, and the exact value as high + low, all as hexadecimal bits of doubles (b is 0 where there is none)."""
import math, random, struct
from mpmath import mp, mpf, exp, log, log10, sinh, cosh, tan, atan, asin, acos, cbrt, atan2, power

mp.dps = 60
random.seed(21)
bits = lambda x: "%016x" % struct.unpack("<Q", struct.pack("<d", x))[0]

def row(name, f, a, b=None):
    exact = f(mpf(a)) if b is None else f(mpf(a), mpf(b))
    high = float(exact)
    if math.isinf(high) or (high == 0.0 and exact != 0) or 0 < abs(high) < 1e-290:
        return
    print(",".join([name, bits(a), bits(b or 0.0), bits(high), bits(float(exact - mpf(high)))]))

uniform = lambda low, high, count: [random.uniform(low, high) for _ in range(count)]
scales = lambda low, high, count: [10.0 ** random.uniform(low, high) for _ in range(count)]
both = lambda values: values + [-value for value in values]

print("function,a,b,high,low")
for x in both(uniform(0, 700, 60) + uniform(0, 2, 60) + scales(-20, 0, 30)):
    row("exp", exp, x)
for x in scales(-300, 300, 100) + uniform(0.5, 2, 100) + [1 + s * 10.0 ** -k for k in range(1, 16) for s in (1, -1)] + [5e-324, 1e-310]:
    row("log", log, x)
    row("log10", log10, x)
for x in both(uniform(0, 30, 60) + uniform(0, 1, 60) + scales(-20, 0, 30) + [700.0, 709.5]):
    row("sinh", sinh, x)
    row("cosh", cosh, x)
for x in both(uniform(0, 1000, 80) + uniform(0, 4, 80) + scales(-20, 0, 30)):
    row("tan", tan, x)
for x in both(scales(-20, 20, 80) + uniform(0, 3, 120) + [0.4375, 0.6875, 1.1875, 2.4375]):
    row("atan", atan, x)
for x in both(uniform(0, 1, 120) + scales(-20, 0, 30) + [1 - 10.0 ** -k for k in range(1, 16)] + [1.0]):
    row("asin", asin, x)
    row("acos", acos, x)
for x in both(scales(-300, 300, 100) + uniform(0, 2, 50)):
    row("cbrt", lambda x: cbrt(x) if x >= 0 else -cbrt(-x), x)
for _ in range(400):
    y, x = (random.choice((1, -1)) * 10.0 ** random.uniform(-3, 3) for _ in range(2))
    row("atan2", atan2, y, x)
for _ in range(400):
    x = 10.0 ** random.uniform(-3, 3)
    row("pow", power, x, random.uniform(-100, 100) / abs(math.log(x)))
for _ in range(100):
    row("pow", power, random.uniform(0.9, 1.1), random.uniform(-50, 50))
for _ in range(100):
    row("pow", power, -random.uniform(0.1, 10), float(random.randint(-30, 30)))
