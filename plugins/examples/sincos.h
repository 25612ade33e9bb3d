/*
 * Sine and cosine without branches, so that a loop over lanes becomes vector instructions: the reduction of Cody & Waite (1980) in two parts by
 * fused multiply-adds, then the polynomials of fdlibm (k_sin.c, k_cos.c; Copyright (C) 1993 by Sun Microsystems, Inc., freely usable). Good to about
 * an ulp for |x| below 1e5; NaN for NaN and infinity.
 */
#ifndef SINCOS_H
#define SINCOS_H

#include <math.h>

static inline void sincos_of(double x, double *sine, double *cosine)
{
    const double turns = rint(x * 0.63661977236758134308); /* quarters of a turn, by 2/pi */
    const double part = fma(turns, -1.5707963267948965580e+00, x);
    const double r = fma(turns, -6.1232339957367658860e-17, part);
    const double z = r * r;
    const double s = 1.58969099521155010221e-10;
    const double p = fma(z, fma(z, fma(z, fma(z, fma(z, s, -2.50507602534068634195e-08), 2.75573137070700676789e-06),
                         -1.98412698298579493134e-04), 8.33333333332248946124e-03), -1.66666666666666324348e-01);
    const double c = -1.13596475577881948265e-11;
    const double q = fma(z, fma(z, fma(z, fma(z, fma(z, c, 2.08757232129817482790e-09), -2.75573143513906633035e-07),
                         2.48015872894767294178e-05), -1.38888888888741095749e-03), 4.16666666666666019037e-02);
    const double sin_r = fma(r * z, p, r);
    const double cos_r = fma(z * z, q, fma(z, -0.5, 1.0));
    const double quarter = turns - 4.0 * floor(0.25 * turns); /* 0, 1, 2 or 3 */
    const int is_odd = quarter == 1.0 || quarter == 3.0;
    const double first = is_odd ? cos_r : sin_r;
    const double second = is_odd ? sin_r : cos_r;
    *sine = quarter >= 2.0 ? -first : first;
    *cosine = (quarter == 1.0 || quarter == 2.0) ? -second : second;
}

#endif
