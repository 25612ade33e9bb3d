/*
 * A PI law as compiled code: u = Kp (reference - measurement) + integral, limited to what the actuator gives, with an integral that waits there.
 *
 *   cc -std=c11 -O3 -march=native -fno-math-errno -fPIC -shared -I include -o libpi_law.so plugins/examples/pi_law.c
 */
#include <math.h>

#include "gainswarm_plugin.h"

enum { REFERENCE, MEASUREMENT, INPUTS };
enum { KP, KI, U_MAX, GAINS };

static const gainswarm_quantity memory[] = {{"integral", 0, "integral part of the output", 0, 0, 0, 0}};
static const gainswarm_quantity inputs[INPUTS] = {
    {"reference", 0, "what the measurement shall be", NAN, 0, 0, 0},
    {"measurement", 0, "what is controlled", NAN, 0, 0, 0},
};
static const gainswarm_quantity gains[GAINS] = {
    {"Kp", 0, "proportional gain", 1.0, 0.0, 1e6, 0},
    {"Ki", 0, "integral gain", 1.0, 0.0, 1e6, 0},
    {"u_max", 0, "largest output", 1e9, 1e-9, 1e12, 0},
};
static const gainswarm_quantity outputs[] = {{"u", 0, "output", 0, 0, 0, 0}};

static void step(const void *instance, const gainswarm_block *block, double *const *results)
{
    (void)instance;
    const double *const *in = block->inputs, *const *gain = block->parameters;
    for (size_t i = 0; i < block->lanes; i++) {
        const double error = in[REFERENCE][i] - in[MEASUREMENT][i], integral = block->memory[0][i];
        const double wanted = gain[KP][i] * error + integral, most = gain[U_MAX][i];
        const double u = wanted > most ? most : wanted < -most ? -most : wanted;
        results[0][i] = u;
        results[1][i] = u == wanted ? integral + gain[KI][i] * error * block->period[i] : integral;
    }
}

static const gainswarm_plugin plugin = {
    .version = GAINSWARM_PLUGIN_VERSION,
    .size = sizeof(gainswarm_plugin),
    .kind = GAINSWARM_LAW,
    .name = "pi_law",
    .summary = "PI on the error, with limits",
    .source = "textbook",
    .memory = {memory, 1},
    .inputs = {inputs, INPUTS},
    .parameters = {gains, GAINS},
    .outputs = {outputs, 1},
    .step = step,
};

GAINSWARM_EXPORT const gainswarm_plugin *gainswarm_plugin_entry(void) { return &plugin; }
