#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__FAST_MATH__)
#error "built with -ffast-math: this plant has to be computed as it is written"
#endif

#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

/* Types of the standard (fmi2TypesPlatform.h, fmi2FunctionTypes.h), as far as they are used. */
typedef enum { fmi2OK, fmi2Warning, fmi2Discard, fmi2Error, fmi2Fatal, fmi2Pending } status;
typedef struct {
    void (*log)(void *, const char *, status, const char *, const char *, ...);
    void *(*allocate)(size_t, size_t);
    void (*release)(void *);
    void (*finished)(void *, status);
    void *environment;
} callbacks;

/* A value reference is a place among the values: parameters, inputs, states, outputs. */
enum { INPUT = @INPUT@, STATE = @STATE@, OUTPUT = @OUTPUT@, VALUES = @VALUES@, STATES = OUTPUT - STATE };
static const char *const NAME[VALUES] = {@NAMES@};
static const double START[OUTPUT] = {@STARTS@};
/* The longest step of the integration, in s. */
static const double STEP = @STEP@;
static const char GUID[] = "@GUID@";

@FUNCTIONS@
/* The derivatives of the states. */
static void rates(const double *value, double time, double step, double *rate)
{
    (void)value, (void)time, (void)step;
@RATES@}

/* The outputs, behind the other values. */
static void outputs(double *value, double time, double step)
{
    (void)value, (void)time, (void)step;
@OUTPUTS@}

/* What an instance knows at a moment. */
typedef struct {
    double value[VALUES];
    double time;
    enum { MADE, INITIALISED, RUNNING, ENDED } phase;
} moment;

typedef struct {
    moment now;
    const callbacks *of;
    char name[64];
} unit;

static void begin(unit *u)
{
    memset(&u->now, 0, sizeof u->now);
    memcpy(u->now.value, START, sizeof START);
}

/* An error, told to who has asked for the instance. */
static status failed(const unit *u, const char *problem, const char *name)
{
    char text[256];
    snprintf(text, sizeof text, problem, name);
    if (u->of && u->of->log) u->of->log(u->of->environment, u->name, fmi2Error, "logStatusError", text);
    return fmi2Error;
}

/* The classical method of Runge and Kutta, with the inputs held. */
static void advance(moment *now, double time, double step)
{
    static const double share[4] = {0.0, 0.5, 0.5, 1.0};
    double *x = now->value + STATE, start[STATES], rate[4][STATES];
    memcpy(start, x, sizeof start);
    for (int stage = 0; stage < 4; stage++) {
        for (int k = 0; k < STATES && stage > 0; k++) x[k] = start[k] + share[stage] * step * rate[stage - 1][k];
        rates(now->value, time + share[stage] * step, step, rate[stage]);
    }
    for (int k = 0; k < STATES; k++)
        x[k] = start[k] + step / 6.0 * (rate[0][k] + 2.0 * rate[1][k] + 2.0 * rate[2][k] + rate[3][k]);
}

EXPORT const char *fmi2GetTypesPlatform(void) { return "default"; }
EXPORT const char *fmi2GetVersion(void) { return "2.0"; }

EXPORT void *fmi2Instantiate(const char *name, int type, const char *guid, const char *resources, const callbacks *of, int visible, int logging)
{
    (void)resources, (void)visible, (void)logging;
    unit *u = calloc(1, sizeof *u);
    if (!u) return NULL;
    u->of = of;
    snprintf(u->name, sizeof u->name, "%s", name ? name : "");
    if (type != 1 || !guid || strcmp(guid, GUID) != 0) {
        failed(u, type != 1 ? "it is for co-simulation alone%s" : "the guid is not that of this binary%s", "");
        free(u);
        return NULL;
    }
    begin(u);
    return u;
}

EXPORT void fmi2FreeInstance(void *instance) { free(instance); }

EXPORT status fmi2SetupExperiment(void *instance, int has_tolerance, double tolerance, double start, int has_stop, double stop)
{
    (void)has_tolerance, (void)tolerance, (void)has_stop, (void)stop;
    unit *u = instance;
    u->now.time = start;
    return fmi2OK;
}

EXPORT status fmi2EnterInitializationMode(void *instance)
{
    unit *u = instance;
    if (u->now.phase != MADE) return failed(u, "it is initialised already%s", "");
    u->now.phase = INITIALISED;
    return fmi2OK;
}

EXPORT status fmi2ExitInitializationMode(void *instance)
{
    unit *u = instance;
    if (u->now.phase != INITIALISED) return failed(u, "it is not being initialised%s", "");
    u->now.phase = RUNNING;
    return fmi2OK;
}

EXPORT status fmi2Terminate(void *instance)
{
    unit *u = instance;
    u->now.phase = ENDED;
    return fmi2OK;
}

EXPORT status fmi2Reset(void *instance)
{
    begin(instance);
    return fmi2OK;
}

EXPORT status fmi2SetReal(void *instance, const unsigned *of, size_t count, const double *values)
{
    unit *u = instance;
    for (size_t k = 0; k < count; k++) {
        if (of[k] >= VALUES) return failed(u, "a value reference is none of its variables%s", "");
        if (of[k] >= OUTPUT) return failed(u, "`%s` is an output", NAME[of[k]]);
        bool is_input = of[k] >= INPUT && of[k] < STATE;
        if (u->now.phase >= RUNNING && !is_input) return failed(u, "`%s` can be set before the simulation alone", NAME[of[k]]);
        u->now.value[of[k]] = values[k];
    }
    return fmi2OK;
}

EXPORT status fmi2GetReal(void *instance, const unsigned *of, size_t count, double *values)
{
    unit *u = instance;
    outputs(u->now.value, u->now.time, STEP);
    for (size_t k = 0; k < count; k++) {
        if (of[k] >= VALUES) return failed(u, "a value reference is none of its variables%s", "");
        values[k] = u->now.value[of[k]];
    }
    return fmi2OK;
}

EXPORT status fmi2DoStep(void *instance, double time, double step, int keeps_no_state)
{
    (void)keeps_no_state;
    unit *u = instance;
    if (u->now.phase != RUNNING) return failed(u, "it is not running%s", "");
    if (!(step > 0.0)) return failed(u, "the step is not positive%s", "");
    if (!(fabs(time - u->now.time) <= 1e-9 * (1.0 + fabs(time)))) return failed(u, "the step does not begin where the last one ended%s", "");
    double count = ceil(step / STEP - 1e-9);
    if (!(count >= 1.0)) count = 1.0;
    for (double k = 0.0; k < count; k++) advance(&u->now, time + k * (step / count), step / count);
    u->now.time = time + step;
    for (int k = STATE; k < OUTPUT; k++)
        if (!isfinite(u->now.value[k])) return failed(u, "`%s` is no finite number", NAME[k]);
    return fmi2OK;
}

EXPORT status fmi2GetFMUstate(void *instance, void **state)
{
    unit *u = instance;
    if (!*state) *state = malloc(sizeof(moment));
    if (!*state) return failed(u, "there is no memory for a state%s", "");
    memcpy(*state, &u->now, sizeof(moment));
    return fmi2OK;
}

EXPORT status fmi2SetFMUstate(void *instance, void *state)
{
    unit *u = instance;
    memcpy(&u->now, state, sizeof(moment));
    return fmi2OK;
}

EXPORT status fmi2FreeFMUstate(void *instance, void **state)
{
    (void)instance;
    free(*state);
    *state = NULL;
    return fmi2OK;
}

/* What the standard asks a binary to export, and its description says that it has not. */
EXPORT status fmi2SetDebugLogging(void *c, int on, size_t count, const char *const *categories) { return (void)c, (void)on, (void)count, (void)categories, fmi2OK; }
EXPORT status fmi2GetInteger(void *c, const unsigned *of, size_t count, int *values) { return (void)c, (void)of, (void)values, count ? fmi2Error : fmi2OK; }
EXPORT status fmi2GetBoolean(void *c, const unsigned *of, size_t count, int *values) { return (void)c, (void)of, (void)values, count ? fmi2Error : fmi2OK; }
EXPORT status fmi2GetString(void *c, const unsigned *of, size_t count, const char **values) { return (void)c, (void)of, (void)values, count ? fmi2Error : fmi2OK; }
EXPORT status fmi2SetInteger(void *c, const unsigned *of, size_t count, const int *values) { return (void)c, (void)of, (void)values, count ? fmi2Error : fmi2OK; }
EXPORT status fmi2SetBoolean(void *c, const unsigned *of, size_t count, const int *values) { return (void)c, (void)of, (void)values, count ? fmi2Error : fmi2OK; }
EXPORT status fmi2SetString(void *c, const unsigned *of, size_t count, const char *const *values) { return (void)c, (void)of, (void)values, count ? fmi2Error : fmi2OK; }
EXPORT status fmi2SerializedFMUstateSize(void *c, void *state, size_t *size) { return (void)c, (void)state, (void)size, fmi2Error; }
EXPORT status fmi2SerializeFMUstate(void *c, void *state, char *bytes, size_t size) { return (void)c, (void)state, (void)bytes, (void)size, fmi2Error; }
EXPORT status fmi2DeSerializeFMUstate(void *c, const char *bytes, size_t size, void **state) { return (void)c, (void)bytes, (void)size, (void)state, fmi2Error; }
EXPORT status fmi2GetDirectionalDerivative(void *c, const unsigned *of, size_t count, const unsigned *by, size_t size, const double *along, double *values)
{
    return (void)c, (void)of, (void)count, (void)by, (void)size, (void)along, (void)values, fmi2Error;
}
EXPORT status fmi2SetRealInputDerivatives(void *c, const unsigned *of, size_t count, const int *order, const double *values) { return (void)c, (void)of, (void)count, (void)order, (void)values, fmi2Error; }
EXPORT status fmi2GetRealOutputDerivatives(void *c, const unsigned *of, size_t count, const int *order, double *values) { return (void)c, (void)of, (void)count, (void)order, (void)values, fmi2Error; }
EXPORT status fmi2CancelStep(void *c) { return (void)c, fmi2Error; }
EXPORT status fmi2GetStatus(void *c, int kind, status *value) { return (void)c, (void)kind, (void)value, fmi2Discard; }
EXPORT status fmi2GetRealStatus(void *c, int kind, double *value) { return (void)c, (void)kind, (void)value, fmi2Discard; }
EXPORT status fmi2GetIntegerStatus(void *c, int kind, int *value) { return (void)c, (void)kind, (void)value, fmi2Discard; }
EXPORT status fmi2GetBooleanStatus(void *c, int kind, int *value) { return (void)c, (void)kind, (void)value, fmi2Discard; }
EXPORT status fmi2GetStringStatus(void *c, int kind, const char **value) { return (void)c, (void)kind, (void)value, fmi2Discard; }
