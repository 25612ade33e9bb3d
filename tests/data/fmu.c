/*
 * An FMU 2.0 for co-simulation, written for the tests: a first-order lag with exact discretisation,
 *
 *     T x' = K u - x        x(t + h) = exp(-h/T) x(t) + K (1 - exp(-h/T)) u        w = 2 x
 *
 * The environment variable HOSTILE makes it break the standard in one way. Signatures are those of fmi2FunctionTypes.h (FMI 2.0.5).
 */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum { OK, WARNING, DISCARD, ERROR, FATAL } status;
typedef void (*logger)(void *, const char *, status, const char *, const char *, ...);
typedef struct {
    logger log;
    void *(*allocate)(size_t, size_t);
    void (*release)(void *);
    void (*finished)(void *, status);
    void *environment;
} callbacks;

/* References: 0 T, 1 K, 2 u, 3 x, 4 w */
typedef struct {
    const callbacks *of;
    double value[5];
    double time;
    int running;
} component;

static double of_all;

static int hostile(const char *how)
{
    const char *wanted = getenv("HOSTILE");
    return wanted && strcmp(wanted, how) == 0;
}

static void begin(component *c)
{
    const double start[5] = {0.5, 2.0, 0.0, 0.0, 0.0};
    memcpy(c->value, start, sizeof start);
    c->time = 0.0;
    c->running = 0;
}

void *fmi2Instantiate(const char *name, int type, const char *guid, const char *resources, const callbacks *of, int visible, int logging)
{
    (void)visible, (void)logging;
    if (strcmp(guid, "{8c4e810f-3df3-4a00-8276-176fa3c9f001}") != 0) {
        of->log(of->environment, name, ERROR, "error", "the guid %s is not that of this binary", guid);
        return NULL;
    }
    if (type != 1 || strncmp(resources, "file:///", 8) != 0) return NULL;
    if (hostile("slow")) for (;;) {}
    component *c = of->allocate(1, sizeof *c);
    if (!c) return NULL;
    c->of = of;
    begin(c);
    return c;
}

void fmi2FreeInstance(void *instance)
{
    component *c = instance;
    c->of->release(c);
}

status fmi2SetupExperiment(void *c, int has_tolerance, double tolerance, double start, int has_stop, double stop)
{
    (void)c, (void)has_tolerance, (void)tolerance, (void)start, (void)has_stop, (void)stop;
    return OK;
}

status fmi2EnterInitializationMode(void *c)
{
    (void)c;
    return hostile("initialisation") ? ERROR : OK;
}

status fmi2ExitInitializationMode(void *instance)
{
    component *c = instance;
    c->running = 1;
    return OK;
}

#ifndef WITHOUT_RESET
status fmi2Reset(void *instance)
{
    component *c = instance;
    double kept = c->time;
    begin(c);
    if (hostile("reset")) c->time = kept;
    return OK;
}
#endif

status fmi2SetReal(void *instance, const unsigned *of, size_t count, const double *values)
{
    component *c = instance;
    for (size_t k = 0; k < count; k++) {
        if (of[k] > 3 || (c->running && of[k] != 2)) return ERROR;
        c->value[of[k]] = values[k];
    }
    return OK;
}

status fmi2GetReal(void *instance, const unsigned *of, size_t count, double *values)
{
    component *c = instance;
    c->value[4] = 2.0 * c->value[3];
    for (size_t k = 0; k < count; k++) {
        if (of[k] > 4) return ERROR;
        values[k] = c->value[of[k]];
    }
    return OK;
}

status fmi2DoStep(void *instance, double time, double step, int keeps_no_state)
{
    (void)keeps_no_state;
    component *c = instance;
    if (fabs(time - c->time) > 1e-9) return ERROR;
    if (hostile("step")) {
        c->of->log(c->of->environment, "lag", ERROR, "error", "the solver gave up");
        return ERROR;
    }
    if (hostile("fatal")) return FATAL;
    if (hostile("discard")) return DISCARD;
    if (hostile("late") && c->time > 0.1) return ERROR;
    double share = exp(-step / c->value[0]);
    c->value[3] = share * c->value[3] + c->value[1] * (1.0 - share) * c->value[2];
    c->time += step;
    if (hostile("nan")) c->value[3] = NAN;
    if (hostile("shared")) c->value[3] = of_all += c->value[2] + 1.0;
    return OK;
}

/* What the standard asks a binary to export beside. */
const char *fmi2GetTypesPlatform(void) { return "default"; }
const char *fmi2GetVersion(void) { return "2.0"; }
#define FINE(name) status name(void) { return OK; }
#define REFUSED(name) status name(void) { return ERROR; }
FINE(fmi2SetDebugLogging)
FINE(fmi2Terminate)
FINE(fmi2GetInteger)
FINE(fmi2GetBoolean)
FINE(fmi2GetString)
FINE(fmi2SetInteger)
FINE(fmi2SetBoolean)
FINE(fmi2SetString)
REFUSED(fmi2GetFMUstate)
REFUSED(fmi2SetFMUstate)
REFUSED(fmi2FreeFMUstate)
REFUSED(fmi2SerializedFMUstateSize)
REFUSED(fmi2SerializeFMUstate)
REFUSED(fmi2DeSerializeFMUstate)
REFUSED(fmi2GetDirectionalDerivative)
REFUSED(fmi2SetRealInputDerivatives)
REFUSED(fmi2GetRealOutputDerivatives)
REFUSED(fmi2CancelStep)
REFUSED(fmi2GetStatus)
REFUSED(fmi2GetRealStatus)
REFUSED(fmi2GetIntegerStatus)
REFUSED(fmi2GetBooleanStatus)
REFUSED(fmi2GetStringStatus)
