// A vessel that a valve with play fills: compiled code with a memory, in C++.
//
//   time_constant * level' = gain * valve - level
//   valve+ = the stem where the play leaves it: clamp(valve, u - play/2, u + play/2), once an integration step
//
// (The play operator of Krasnosel'skii & Pokrovskii, Systems with Hysteresis, 1989.) What a lane remembers is in its memory, and nowhere else.
#include <algorithm>
#include <iterator>

#include "gainswarm_plugin.h"

namespace {

enum { LEVEL };
enum { VALVE };
enum { COMMAND };
enum { GAIN, TIME_CONSTANT, PLAY };

const gainswarm_quantity states[] = {{"level", "m", "level of the vessel", 0, 0, 0, 0}};
const gainswarm_quantity memory[] = {{"valve", "1", "opening of the valve", 0, 0, 0, 0}};
const gainswarm_quantity inputs[] = {{"command", "1", "opening that is asked for", 0, 0, 1.0, 0}};
const gainswarm_quantity parameters[] = {
    {"gain", "m", "level at rest of the open valve", 2.0, 1e-6, 1e6, 0},
    {"time_constant", "s", "time constant of the vessel", 3.0, 1e-6, 1e6, 0},
    {"play", "1", "how far the command turns before the valve follows", 0.05, 0.0, 1.0, 0},
};
const gainswarm_quantity outputs[] = {{"inflow_level", "m", "level that the valve leads to", 0, 0, 0, 0}};

void rates(const void *, const gainswarm_block *block, double *const *results) noexcept
{
    const double *const *const p = block->parameters;
    for (std::size_t i = 0; i < block->lanes; ++i)
        results[LEVEL][i] = (p[GAIN][i] * block->memory[VALVE][i] - block->states[LEVEL][i]) / p[TIME_CONSTANT][i];
}

void outputs_of(const void *, const gainswarm_block *block, double *const *results) noexcept
{
    for (std::size_t i = 0; i < block->lanes; ++i)
        results[0][i] = block->parameters[GAIN][i] * block->memory[VALVE][i];
}

void update(const void *, const gainswarm_block *block, double *const *results) noexcept
{
    for (std::size_t i = 0; i < block->lanes; ++i) {
        const double command = block->inputs[COMMAND][i], half = 0.5 * block->parameters[PLAY][i];
        results[VALVE][i] = std::max(command - half, std::min(command + half, block->memory[VALVE][i]));
    }
}

template <std::size_t count>
constexpr gainswarm_list list(const gainswarm_quantity (&of)[count]) { return {of, count}; }

gainswarm_plugin table()
{
    gainswarm_plugin plugin{};
    plugin.version = GAINSWARM_PLUGIN_VERSION;
    plugin.size = sizeof plugin;
    plugin.kind = GAINSWARM_PLANT;
    plugin.name = "valve";
    plugin.summary = "vessel that a valve with play fills";
    plugin.source = "first-order lag; play operator, Krasnosel'skii & Pokrovskii 1989";
    plugin.states = list(states);
    plugin.memory = list(memory);
    plugin.inputs = list(inputs);
    plugin.parameters = list(parameters);
    plugin.outputs = list(outputs);
    plugin.rates = rates;
    plugin.outputs_of = outputs_of;
    plugin.update = update;
    return plugin;
}

} // namespace

extern "C" GAINSWARM_EXPORT const gainswarm_plugin *gainswarm_plugin_entry()
{
    static const gainswarm_plugin plugin = table();
    return &plugin;
}
