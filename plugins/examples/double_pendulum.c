/*
 * The double inverted pendulum on a cart of models/plants/double_inverted_pendulum.toml as compiled code: the same equations of motion, parameters,
 * units and ranges.
 *
 *   cc -std=c11 -O3 -march=native -fno-math-errno -fno-trapping-math -fPIC -shared -I include -o libdouble_pendulum.so plugins/examples/double_pendulum.c -lm
 */
#include "gainswarm_plugin.h"
#include "sincos.h"

enum { X, THETA1, THETA2, X_DOT, THETA1_DOT, THETA2_DOT, STATES };
enum { FORCE, DISTURBANCE, INPUTS };
enum { M0, M1, M2, L1, L2, S1, S2, I1, I2, G, B0, B1, B2, PARAMETERS };

static const gainswarm_quantity states[STATES] = {
    {"x", "m", "position of the cart", 0, 0, 0, 0},
    {"theta1", "rad", "angle of the lower link from upright, positive toward +x", 0, 0, 0, 0},
    {"theta2", "rad", "angle of the upper link from upright, positive toward +x", 0, 0, 0, 0},
    {"x_dot", "m/s", "rate of x", 0, 0, 0, 0},
    {"theta1_dot", "rad/s", "rate of theta1", 0, 0, 0, 0},
    {"theta2_dot", "rad/s", "rate of theta2", 0, 0, 0, 0},
};

static const gainswarm_quantity inputs[INPUTS] = {
    {"u", "N", "force on the cart", 0, 0, 0, 0},
    {"disturbance", "N", "force on the cart that the controller does not know", 0, 0, 0, 0},
};

static const gainswarm_quantity parameters[PARAMETERS] = {
    {"cart_mass", "kg", "mass of the cart", 1.5, 1e-3, 1e3, 0},
    {"link1_mass", "kg", "mass of the lower link", 0.2, 1e-3, 1e3, 0},
    {"link2_mass", "kg", "mass of the upper link", 0.15, 1e-3, 1e3, 0},
    {"link1_length", "m", "joint to joint length of the lower link", 0.4, 1e-2, 1e2, 0},
    {"link2_length", "m", "length of the upper link", 0.3, 1e-2, 1e2, 0},
    {"link1_com", "m", "joint to centre of mass of the lower link", 0.2, 1e-2, 1e2, 0},
    {"link2_com", "m", "joint to centre of mass of the upper link", 0.15, 1e-2, 1e2, 0},
    {"link1_inertia", "kg m\xc2\xb2", "inertia about its centre of mass", 0.00265, 1e-7, 1e4, 0},
    {"link2_inertia", "kg m\xc2\xb2", "inertia about its centre of mass", 0.00115, 1e-7, 1e4, 0},
    {"gravity", "m/s\xc2\xb2", "acceleration of gravity", 9.81, 0.0, 100.0, 0},
    {"cart_friction", "N s/m", "viscous friction of the cart", 0.2, 0.0, 1e3, 0},
    {"joint1_friction", "N m s/rad", "viscous friction at the cart", 0.005, 0.0, 1e3, 0},
    {"joint2_friction", "N m s/rad", "viscous friction of the elbow", 0.004, 0.0, 1e3, 0},
};

static void rates(const void *instance, const gainswarm_block *block, double *const *results)
{
    (void)instance;
    const size_t lanes = block->lanes;
    const double *const *x = block->states, *const *u = block->inputs, *const *p = block->parameters;
    const double *restrict q1 = x[THETA1], *restrict q2 = x[THETA2];
    const double *restrict v0 = x[X_DOT], *restrict v1 = x[THETA1_DOT], *restrict v2 = x[THETA2_DOT];
    const double *restrict force = u[FORCE], *restrict other = u[DISTURBANCE];
    const double *restrict m0 = p[M0], *restrict m1 = p[M1], *restrict m2 = p[M2];
    const double *restrict l1 = p[L1], *restrict s1 = p[S1], *restrict s2 = p[S2];
    const double *restrict i1 = p[I1], *restrict i2 = p[I2], *restrict g = p[G];
    const double *restrict b0 = p[B0], *restrict b1 = p[B1], *restrict b2 = p[B2];
    double *restrict d0 = results[X], *restrict d1 = results[THETA1], *restrict d2 = results[THETA2];
    double *restrict a0 = results[X_DOT], *restrict a1 = results[THETA1_DOT], *restrict a2 = results[THETA2_DOT];

#pragma omp simd
    for (size_t i = 0; i < lanes; i++) {
        const double A = m1[i] * s1[i] + m2[i] * l1[i], B = m2[i] * s2[i], C = m2[i] * l1[i] * s2[i];
        const double J1 = i1[i] + m1[i] * s1[i] * s1[i] + m2[i] * l1[i] * l1[i], J2 = i2[i] + m2[i] * s2[i] * s2[i];
        double sin1, cos1, sin2, cos2;
        sincos_of(q1[i], &sin1, &cos1);
        sincos_of(q2[i], &sin2, &cos2);
        const double sin12 = sin1 * cos2 - cos1 * sin2, cos12 = cos1 * cos2 + sin1 * sin2;
        /* The mass matrix, symmetric, and the right side. */
        const double m = m0[i] + m1[i] + m2[i], e = A * cos1, f = B * cos2, h = C * cos12;
        const double w1 = v1[i] * v1[i], w2 = v2[i] * v2[i], slip = b2[i] * (v1[i] - v2[i]);
        const double r0 = A * sin1 * w1 + B * sin2 * w2 - b0[i] * v0[i] + force[i] + other[i];
        const double r1 = A * g[i] * sin1 - C * sin12 * w2 - b1[i] * v1[i] - slip;
        const double r2 = B * g[i] * sin2 + C * sin12 * w1 + slip;
        /* The cart's equation first: what is left is two by two. */
        const double per = 1.0 / m, k1 = e * per, k2 = f * per;
        const double n11 = J1 - k1 * e, n12 = h - k1 * f, n22 = J2 - k2 * f;
        const double t1 = r1 - k1 * r0, t2 = r2 - k2 * r0;
        const double inverse = 1.0 / (n11 * n22 - n12 * n12);
        const double y1 = (t1 * n22 - n12 * t2) * inverse, y2 = (n11 * t2 - t1 * n12) * inverse;
        d0[i] = v0[i];
        d1[i] = v1[i];
        d2[i] = v2[i];
        a0[i] = (r0 - e * y1 - f * y2) * per;
        a1[i] = y1;
        a2[i] = y2;
    }
}

static const gainswarm_plugin plugin = {
    .version = GAINSWARM_PLUGIN_VERSION,
    .size = sizeof(gainswarm_plugin),
    .kind = GAINSWARM_PLANT,
    .name = "double_pendulum",
    .summary = "double inverted pendulum on a cart, exact equations of motion",
    .source = "Euler-Lagrange, as models/plants/double_inverted_pendulum.toml",
    .states = {states, STATES},
    .inputs = {inputs, INPUTS},
    .parameters = {parameters, PARAMETERS},
    .rates = rates,
};

GAINSWARM_EXPORT const gainswarm_plugin *gainswarm_plugin_entry(void) { return &plugin; }
