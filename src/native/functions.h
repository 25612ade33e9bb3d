// The functions of src/lanes, operation by operation: the same bits. Methods, sources and errors are told there.

#define IN static inline __attribute__((always_inline))
#define OUT static __attribute__((noinline))

static const double ROUNDER = 6755399441055744.0;
#define INFINITE __builtin_inf()

IN v apply_sign(v x, v of) { return (v)((u)x ^ ((u)of & (UINT64_C(1) << 63))); }
IN v copy_sign(v x, v of) { return apply_sign(abs_(x), of); }
IN v at_most(v x, double limit) { return min_(x, splat(limit)); }

#define HORNER(name, count) \
    IN v name(v x, const double *c) { \
        v sum = splat(c[count - 1]); \
        for (int k = count - 2; k >= 0; k--) sum = fma_(sum, x, splat(c[k])); \
        return sum; \
    }
HORNER(horner_3, 3)
HORNER(horner_6, 6)
HORNER(horner_7, 7)
HORNER(horner_10, 10)
HORNER(horner_11, 11)

static const double SIN[] = {-0.1666666666666663,     8.33333333332189e-3,   -1.9841269829420802e-4,
                             2.75573135657759e-6,     -2.5050739331936016e-8, 1.589575128645439e-10};
static const double COS[] = {4.1666666666666595e-2,  -1.3888888888873316e-3, 2.480158728897323e-5,
                             -2.755731420575629e-7,  2.087570352694206e-9,   -1.1358637549650127e-11};
static const double SMALL_SIN[] = {-0.16666666666663654, 8.33333328651582e-3, -1.983920221113792e-4};
static const double SMALL_COS[] = {4.1666666666661585e-2, -1.3888888827300009e-3, 2.4799271523932804e-5};

IN void sin_cos(v x, v *sin, v *cos) {
    v shifted = fma_(x, splat(0.63661977236758134308), splat(ROUNDER));
    v quarter_turns = shifted - splat(ROUNDER);
    v r = fnma_(quarter_turns, splat(1.57079632679489661923), x);
    r = fnma_(quarter_turns, splat(6.123233995736766e-17), r);
    r = fnma_(quarter_turns, splat(-1.4973849048591698e-33), r);
    v r2 = r * r;
    v sin_r = fma_(r * r2, horner_6(r2, SIN), r);
    v cos_r = fma_(r2 * r2, horner_6(r2, COS), fnma_(r2, splat(0.5), splat(1.0)));
    u quadrant = (u)shifted;
    m odd = odd_(quadrant);
    u sin_sign = (quadrant & 2) << 62;
    u cos_sign = ((quadrant + 1) & 2) << 62;
    *sin = (v)((u)select(odd, cos_r, sin_r) ^ sin_sign);
    *cos = (v)((u)select(odd, sin_r, cos_r) ^ cos_sign);
}
IN v sin_(v x) { v s, c; sin_cos(x, &s, &c); return s; }
IN v cos_(v x) { v s, c; sin_cos(x, &s, &c); return c; }
IN v tan_(v x) { v s, c; sin_cos(x, &s, &c); return s / c; }

// Where a lane turns by much: seldom, and so out of the way.
OUT __attribute__((cold)) void turned_far(v sin, v cos, v by, m is_small, v *sin_out, v *cos_out) {
    v sin_by, cos_by;
    sin_cos(by, &sin_by, &cos_by);
    v far_sin = fma_(sin, cos_by, cos * sin_by);
    v far_cos = fnma_(sin, sin_by, cos * cos_by);
    *sin_out = select(is_small, *sin_out, far_sin);
    *cos_out = select(is_small, *cos_out, far_cos);
}
IN void turned(v sin, v cos, v by, v *sin_out, v *cos_out) {
    m is_small = le(abs_(by), splat(0.0625));
    v by2 = by * by;
    v sin_by = fma_(by * by2, horner_3(by2, SMALL_SIN), by);
    v cos_by_less_1 = by2 * fma_(by2, horner_3(by2, SMALL_COS), splat(-0.5));
    v near_sin = sin + fma_(sin, cos_by_less_1, cos * sin_by);
    v near_cos = cos + fnma_(sin, sin_by, cos * cos_by_less_1);
    if (!LIKELY(bits_(is_small) == EVERY)) {
        v far_sin = near_sin, far_cos = near_cos;
        turned_far(sin, cos, by, is_small, &far_sin, &far_cos);
        near_sin = far_sin;
        near_cos = far_cos;
    }
    *sin_out = near_sin;
    *cos_out = near_cos;
}
IN v sin_turned(v sin, v cos, v by) { v s, c; turned(sin, cos, by, &s, &c); return s; }
IN v cos_turned(v sin, v cos, v by) { v s, c; turned(sin, cos, by, &s, &c); return c; }

static const double ATAN[] = {3.333333333333293e-1,   -1.9999999999876483e-1, 1.4285714272503466e-1,
                              -1.1111110405462356e-1, 9.090887133436507e-2,   -7.69187620504483e-2,
                              6.661073137387531e-2,   -5.8335701337905735e-2, 4.9768779946159324e-2,
                              -3.6531572744216916e-2, 1.6285820115365782e-2};
static const double ARCS[][2] = {{0.0, 0.0},
                                 {4.636476090008061e-1, 2.2698777452961687e-17},
                                 {0.78539816339744830962, 3.061616997868383e-17},
                                 {9.82793723247329e-1, 1.3903311031230998e-17},
                                 {1.57079632679489661923, 6.123233995736766e-17}};

IN v arc_part(m a, m b, m c, m d, int k) {
    v first = select(a, splat(ARCS[1][k]), splat(ARCS[0][k]));
    v second = select(b, splat(ARCS[2][k]), first);
    v third = select(c, splat(ARCS[3][k]), second);
    return select(d, splat(ARCS[4][k]), third);
}
IN v arc(v y, v x) {
    m a = ge(y, x * splat(0.4375)), b = ge(y, x * splat(0.6875));
    m c = ge(y, x * splat(1.1875)), d = ge(y, x * splat(2.4375));
    v top = select(a, fms_(y, splat(2.0), x), y);
    v bottom = select(a, fma_(x, splat(2.0), y), x);
    top = select(b, y - x, top);
    bottom = select(b, x + y, bottom);
    top = select(c, fnma_(x, splat(1.5), y), top);
    bottom = select(c, fma_(y, splat(1.5), x), bottom);
    top = select(d, -x, top);
    bottom = select(d, y, bottom);
    v r = top / bottom;
    v r2 = r * r;
    v cubic = r * (r2 * horner_11(r2, ATAN));
    return arc_part(a, b, c, d, 0) - ((cubic - arc_part(a, b, c, d, 1)) - r);
}
OUT v atan2_(v y, v x) {
    v zero = splat(0.0), one = splat(1.0), infinity = splat(INFINITE);
    v up = abs_(y), along = abs_(x);
    m up_far = eq(up, infinity), along_far = eq(along, infinity);
    m far = or_(up_far, along_far);
    up = select(far, select(up_far, one, zero), up);
    along = select(far, select(along_far, one, zero), along);
    m at_origin = and_(eq(up, zero), eq(along, zero));
    along = select(at_origin, one, along);
    v first = arc(up, along);
    v angle = select(negative_(x), splat(3.14159265358979323846) - (first - splat(2.0 * ARCS[4][1])), first);
    v known = apply_sign(angle, y);
    return select(and_(eq(x, x), eq(y, y)), known, x + y);
}
IN v atan_(v x) { return atan2_(x, splat(1.0)); }
IN v other_leg(v x) { return sqrt_((splat(1.0) - x) * (splat(1.0) + x)); }
IN v asin_(v x) { return atan2_(x, other_leg(x)); }
IN v acos_(v x) { return atan2_(other_leg(x), x); }

static const double LN_2[] = {0.693147180559945309417, 2.3190468138462996e-17};
static const double EXPM1[] = {0.5000000000000006,     0.1666666666666659,    4.166666666657352e-2,
                               8.33333333338808e-3,    1.388888893244116e-3,  1.9841269723187247e-4,
                               2.480150434228126e-5,   2.755740298821622e-6,  2.762637792363446e-7,
                               2.5055459785912564e-8};
static const double LOG[] = {6.666666666666735e-1,  3.999999999940942e-1,  2.857142874366239e-1,
                             2.2222198432149784e-1, 1.818357216161805e-1,  1.5313837699209373e-1,
                             1.4798198605116586e-1};

IN v power_of_two(v shifted) { return (v)(((u)shifted << 52) + (UINT64_C(1023) << 52)); }
IN v reduced(v x, v *shifted) {
    *shifted = fma_(x, splat(1.44269504088896340736), splat(ROUNDER));
    v exponent = *shifted - splat(ROUNDER);
    v r = fnma_(exponent, splat(LN_2[0]), x);
    return fnma_(exponent, splat(LN_2[1]), r);
}
IN v expm1_(v x) {
    v shifted;
    v r = reduced(x, &shifted);
    v power = power_of_two(shifted);
    v linear = fma_(power, r, power - splat(1.0));
    return fma_(power * (r * r), horner_10(r, EXPM1), linear);
}
IN v exp_of_two(v x, v rest) {
    v low = splat(-746.0), rounder = splat(ROUNDER), shifted;
    x = at_most(x, 710.0);
    x = select(lt(x, low), low, x);
    v r = reduced(x, &shifted);
    r = r + rest;
    v fraction = fma_(r * r, horner_10(r, EXPM1), r) + splat(1.0);
    v half = fma_(shifted - rounder, splat(0.5), rounder);
    v other = (shifted - half) + rounder;
    return fraction * power_of_two(half) * power_of_two(other);
}
IN v exp_(v x) { return exp_of_two(x, splat(0.0)); }
IN v tanh_(v x) {
    v two = splat(2.0);
    v expm1 = expm1_(at_most(abs_(x), 20.0) * two);
    v denominator = expm1 + two;
    v lost = expm1 - (denominator - two);
    v inverse = splat(1.0) / denominator;
    v quotient = expm1 * inverse;
    v rest = fnma_(quotient, lost, fnma_(quotient, denominator, expm1));
    return copy_sign(fma_(rest, inverse, quotient), x);
}
IN v half_exp(v x) {
    v root = exp_(splat(0.5) * x);
    return (splat(0.5) * root) * root;
}
OUT v sinh_(v x) {
    v magnitude = abs_(x);
    v e = expm1_(at_most(magnitude, 22.0));
    v near = splat(0.5) * (e + e / (e + splat(1.0)));
    return apply_sign(select(gt(magnitude, splat(22.0)), half_exp(magnitude), near), x);
}
OUT v cosh_(v x) {
    v magnitude = abs_(x);
    v e = exp_(at_most(magnitude, 22.0));
    v near = splat(0.5) * (e + splat(1.0) / e);
    return select(gt(magnitude, splat(22.0)), half_exp(magnitude), near);
}

IN v log_of_two(v x, v *low) {
    const uint64_t root = UINT64_C(0x3fe6a09e00000000), mantissa = (UINT64_C(1) << 52) - 1;
    v magnitude = abs_(x);
    m is_tiny = lt(magnitude, splat(2.2250738585072014e-308));
    v scaled = select(is_tiny, magnitude * splat(18014398509481984.0), magnitude);
    u moved = (u)scaled + (UINT64_C(0x3ff0000000000000) - root);
    v exponent = (v)((moved >> 52) | UINT64_C(0x4330000000000000));
    v k = exponent - splat(4503599627370496.0) - select(is_tiny, splat(1077.0), splat(1023.0));
    v f = (v)((moved & mantissa) + root) - splat(1.0);
    v two = splat(2.0);
    v denominator = two + f;
    v lost = f - (denominator - two);
    v s = f / denominator;
    v s_rest = fnma_(s, lost, fnma_(s, denominator, f)) / denominator;
    v z = s * s;
    v curved = s * (z * horner_7(z, LOG));
    v large = k * splat(6.931471803691238e-1), main = two * s;
    v sum = large + main;
    v sum_rest = select(gt(abs_(large), abs_(main)), (large - sum) + main, (main - sum) + large);
    v rest = fma_(k, splat(1.9082149292705877e-10), fma_(two, s_rest, curved)) + sum_rest;
    v high = sum + rest;
    *low = (sum - high) + rest;
    return high;
}
IN v log_edges(v x, v value) {
    value = select(eq(x, splat(0.0)), splat(-INFINITE), value);
    value = select(eq(x, splat(INFINITE)), splat(INFINITE), value);
    return select(ge(x, splat(0.0)), value, splat(__builtin_nan("")));
}
OUT v log_(v x) {
    v low;
    return log_edges(x, log_of_two(x, &low));
}
OUT v log10_(v x) {
    v low, per = splat(0.43429448190325182765), per_rest = splat(1.098319650216765e-17);
    v high = log_of_two(x, &low);
    v product = high * per;
    v rest = fms_(high, per, product) + fma_(low, per, high * per_rest);
    return log_edges(x, product + rest);
}
OUT v cbrt_(v x) {
    v low, three = splat(3.0);
    v high = log_of_two(x, &low);
    v third = high / three;
    v root = exp_of_two(third, (fnma_(third, three, high) + low) / three);
    m is_own = or_(eq(x * splat(0.5), x), ne(x, x));
    return select(is_own, x, apply_sign(root, x));
}
OUT v pow_(v x, v y) {
    v zero = splat(0.0), one = splat(1.0), infinity = splat(INFINITE), low;
    v high = log_of_two(x, &low);
    v product = y * high;
    v rest = fms_(y, high, product) + y * low;
    rest = select(eq(rest * zero, zero), rest, zero);
    v value = exp_of_two(product, rest);
    v magnitude = abs_(x);
    m grows = gt(y, zero);
    value = select(eq(magnitude, zero), select(grows, zero, infinity), value);
    value = select(eq(magnitude, infinity), select(grows, infinity, zero), value);
    value = select(eq(magnitude, one), one, value);
    m is_whole = eq(floor_(y), y);
    v half = y * splat(0.5);
    m is_odd = and_(is_whole, ne(floor_(half), half));
    value = select(and_(negative_(x), is_odd), -value, value);
    m is_undefined = and_(and_(lt(x, zero), not_(is_whole)), lt(magnitude, infinity));
    value = select(is_undefined, splat(__builtin_nan("")), value);
    value = select(or_(ne(x, x), ne(y, y)), x + y, value);
    return select(or_(eq(y, zero), eq(x, one)), one, value);
}

// What is done in few instructions, see src/graph/operation.rs.
IN v sign_(v a) {
    v positive = select(gt(a, splat(0.0)), splat(1.0), a * splat(0.0));
    return select(lt(a, splat(0.0)), splat(-1.0), positive);
}
IN v hypot_(v a, v b) { return sqrt_(fma_(a, a, b * b)); }
IN v mod_(v a, v b) { return fnma_(b, floor_(a / b), a); }
