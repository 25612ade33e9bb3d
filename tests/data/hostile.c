/* A plant x' = -a x + u that breaks a promise of gainswarm_plugin.h: the one that the environment variable HOSTILE names. */
#define _GNU_SOURCE
#include <fenv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gainswarm_plugin.h"

static int is(const char *what)
{
    const char *wanted = getenv("HOSTILE");
    return wanted && !strcmp(wanted, what);
}

static gainswarm_quantity states[] = {{"x", "m", "a position", 1.0, 0, 0, 0}, {"x", 0, 0, 0, 0, 0, 0}};
static gainswarm_quantity inputs[] = {{"u", "m/s", 0, 0, 0, 0, 0}};
static gainswarm_quantity parameters[] = {{"a", "1/s", 0, 1.0, 0.0, 10.0, 0}};
static gainswarm_quantity outputs[] = {{"y", "m", 0, 0, 0, 0, 0}};
static double count;

static void rates(const void *instance, const gainswarm_block *block, double *const *results)
{
    (void)instance;
    if (is("slow")) sleep(4);
    if (is("rounding")) fesetround(FE_UPWARD);
    double before = 0;
    for (size_t i = 0; i < block->lanes + (is("beyond") ? 1 : 0); i++) {
        double rate = block->inputs[0][i] - block->parameters[0][i] * block->states[0][i];
        if (is("nan")) rate = NAN;
        if (is("infinite")) rate = INFINITY;
        if (is("remembers")) rate += 1e-9 * count++;
        if (is("neighbours")) rate += 1e-9 * before;
        if (is("places")) rate += 1e-9 * (double)i;
        if (is("writes")) ((double *)(size_t)block->states[0])[i] += 1.0;
        if (is("unwritten")) continue;
        results[0][i] = rate;
        if (is("twice")) results[1][i] = 0;
        before = block->states[0][i];
    }
}

static void outputs_of(const void *instance, const gainswarm_block *block, double *const *results)
{
    (void)instance;
    for (size_t i = 0; i < block->lanes; i++) results[0][i] = is("nan outputs") ? NAN : block->states[0][i];
}

static void *nothing(void) { return NULL; }
static void closed(void *instance) { (void)instance; }

static gainswarm_plugin plugin = {
    .version = GAINSWARM_PLUGIN_VERSION, .size = sizeof(gainswarm_plugin), .kind = GAINSWARM_PLANT, .name = "hostile",
    .states = {states, 1}, .inputs = {inputs, 1}, .parameters = {parameters, 1}, .outputs = {outputs, 1},
    .rates = rates, .outputs_of = outputs_of,
};
static char long_name[] = "a_name_that_does_not_end_a_name_that_does_not_end_a_name_that_does_not_end";

GAINSWARM_EXPORT const gainswarm_plugin *gainswarm_plugin_entry(void)
{
    if (is("null table")) return NULL;
    if (is("crooked table")) return (const gainswarm_plugin *)((const char *)&plugin + 1);
    if (is("version")) plugin.version = 7;
    if (is("size")) plugin.size = 12;
    if (is("kind")) plugin.kind = 3;
    if (is("flags")) plugin.flags = 1u << 9;
    if (is("null list")) plugin.states.of = NULL;
    if (is("no states")) plugin.states.count = 0;
    if (is("negative")) plugin.inputs.count = (size_t)-1;
    if (is("huge")) plugin.parameters.count = 1000000;
    if (is("twice")) plugin.states.count = 2;
    if (is("clash")) outputs[0].name = "a";
    if (is("null name")) states[0].name = NULL;
    if (is("no utf-8")) states[0].name = "\xff\xfe";
    if (is("unterminated")) states[0].name = long_name;
    if (is("word")) states[0].name = "dt";
    if (is("unit")) states[0].unit = "furlongs per";
    if (is("start")) states[0].value = NAN;
    if (is("default")) parameters[0].value = 11.0;
    if (is("null rates")) plugin.rates = NULL;
    if (is("null outputs")) plugin.outputs_of = NULL;
    if (is("open")) plugin.open = nothing, plugin.close = closed;
    if (is("no close")) plugin.open = nothing;
    if (is("law")) plugin.kind = GAINSWARM_LAW;
    return &plugin;
}
