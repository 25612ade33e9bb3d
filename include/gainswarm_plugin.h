/*
 * A plant or a control law as compiled code: the interface between gainswarm and a library of yours.
 *
 * A library exports one function, gainswarm_plugin_entry, which gives a table: version, sizes, names, units, and functions. The functions
 * work on a block of lanes, each a simulation of its own. A quantity is a column: a number a lane, side by side, so that a plain loop over
 * the lanes is what a compiler makes vector instructions of. See docs/plugins.md and plugins/examples.
 *
 * WHO OWNS WHAT
 *
 *   the table and all that it points to   the library. It stays as it is as long as the library is loaded. It is read once, when the library is
 *                                         loaded, and copied.
 *   the instance                          the library makes it in `open` and frees it in `close`. `open` is called once each time that the library
 *                                         is loaded, `close` once when nothing uses it any more, on any thread. A library with neither has none, and
 *                                         its functions get NULL.
 *   the block, columns and results        gainswarm. They live as long as the call, which may keep no pointer to them, and may write nothing but
 *                                         the results. They are freed by gainswarm.
 *   what a lane remembers                 gainswarm: `memory` is a column of numbers a lane like the states. A function keeps nothing from one call
 *                                         to the next anywhere else.
 *
 * WHAT A FUNCTION HAS TO DO
 *
 *   - be reentrant: several threads call it at once, with the same instance, each with a block of its own;
 *   - treat each lane by itself, with the same bits wherever the lane is and whoever its neighbours are. This is tried when it is loaded;
 *   - give the same bits for the same numbers, and write every lane of every result;
 *   - cope with any numbers, NaN and infinity among them: lanes that have failed go on idly. No loop may wait for them to converge;
 *   - come back soon, allocate nothing, and let no exception out. It may not change how the processor rounds.
 */
#ifndef GAINSWARM_PLUGIN_H
#define GAINSWARM_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this interface. A library of another one is refused. */
#define GAINSWARM_PLUGIN_VERSION 1u

/* Every column begins at a multiple of so many bytes. */
#define GAINSWARM_ALIGNMENT 64

/* The number of lanes is a multiple of this, and at most GAINSWARM_LANES_MAX. */
#define GAINSWARM_LANES 8
#define GAINSWARM_LANES_MAX 64

/* What the library is. */
#define GAINSWARM_PLANT 1u
#define GAINSWARM_LAW 2u

/* Flags: what the functions read beyond what all do. What is not asked for is NULL. */
#define GAINSWARM_READS_TIME 1u         /* `time` */
#define GAINSWARM_OUTPUTS_READ_INPUTS 2u /* `outputs` reads `inputs`: the plant feeds through */

/* Most bytes of a name or unit, and of any other text, without the 0 at its end. */
#define GAINSWARM_NAME_MAX 63
#define GAINSWARM_TEXT_MAX 255

/* Most quantities of a kind. */
#define GAINSWARM_QUANTITIES_MAX 48

/* A state, an input, a parameter or an output. What is not said is 0. */
typedef struct gainswarm_quantity {
    const char *name; /* letters, digits and _, not beginning with a digit; UTF-8, ends with 0 */
    const char *unit; /* such as "N m s/rad"; NULL or "" where nothing is said of it */
    const char *doc;  /* what it is, in a phrase; may be NULL */
    /* States and memory: the value at the start. Inputs: the value where nothing drives it, NaN where something must. Parameters and gains: the
       default. Outputs: not used. */
    double value;
    /* Parameters and gains: smallest and largest allowed value; both 0 for any. Inputs of a plant: the actuator gives at most ±upper; 0 for any.
       Others: not used. */
    double lower, upper;
    /* Its usual size, for the certificate, which moves it by a thousandth of that or of what it is; 0 for 1. */
    double scale;
} gainswarm_quantity;

/* Quantities of a kind. */
typedef struct gainswarm_list {
    const gainswarm_quantity *of; /* may be NULL where there are none */
    size_t count;
} gainswarm_list;

/* A block of lanes. `states[k][lane]` is the k-th state in a lane. */
typedef struct gainswarm_block {
    size_t lanes;
    const double *time;              /* s; NULL unless GAINSWARM_READS_TIME */
    const double *period;            /* s; `update`: the integration step, `step`: the control period; else NULL */
    const double *const *states;     /* NULL for a law */
    const double *const *memory;
    const double *const *inputs;     /* NULL in `outputs` unless GAINSWARM_OUTPUTS_READ_INPUTS */
    const double *const *parameters; /* of a law its gains */
} gainswarm_block;

/* Writes `results[k][lane]` for every k and lane. Results are no columns of the block. */
typedef void (*gainswarm_function)(const void *instance, const gainswarm_block *block, double *const *results);

typedef struct gainswarm_plugin {
    uint32_t version; /* GAINSWARM_PLUGIN_VERSION */
    uint32_t size;    /* sizeof(gainswarm_plugin) */
    uint32_t kind;    /* GAINSWARM_PLANT or GAINSWARM_LAW */
    uint32_t flags;
    const char *name;    /* as a name of a quantity */
    const char *summary; /* what it is, in a line; may be NULL */
    const char *source;  /* where its equations are from; may be NULL */

    gainswarm_list states; /* of a plant, at least one; a law has none */
    gainswarm_list memory; /* what a lane remembers beside: held over a step, and changed at its end */
    gainswarm_list inputs;
    gainswarm_list parameters;
    gainswarm_list outputs; /* of a plant what can be measured beside its states and memory; of a law at least one */

    /* Plants: the derivatives of the states. Called at each stage of the integrator. */
    gainswarm_function rates;
    /* Plants: the outputs. NULL where there are none. */
    gainswarm_function outputs_of;
    /* Plants: the memory at the end of an integration step, from all as it is at its beginning. NULL where there is none. */
    gainswarm_function update;
    /* Laws: the outputs, then the memory for the next control period. Called once a control period. */
    gainswarm_function step;

    /* Makes the instance; NULL as its result is a failure. Both may be NULL. */
    void *(*open)(void);
    void (*close)(void *instance);
} gainswarm_plugin;

#if defined(_WIN32)
#define GAINSWARM_EXPORT __declspec(dllexport)
#else
#define GAINSWARM_EXPORT __attribute__((visibility("default")))
#endif

/* What a library exports. */
GAINSWARM_EXPORT const gainswarm_plugin *gainswarm_plugin_entry(void);

#ifdef __cplusplus
}
#endif

#endif
