//! `bench.json`: how fast every controller is.

use serde_json::{Value, json};

use crate::bench::Measurement;
use crate::registry::Member;
use crate::simulation::SimdLevel;

/// Everything that was measured.
#[must_use]
pub fn bench_json(measurements: &[Measurement], level: SimdLevel) -> Value {
    let scale = |(threads, rate): &(usize, f64)| json!({ "threads": threads, "control_steps_per_s": rate });
    let quantiles = |ms: &[f64; 3]| json!({ "p50": ms[0], "p99": ms[1], "p999": ms[2] });
    let one = |m: &Measurement| {
        json!({
            "controller": m.controller,
            "backend": m.backend.name(),
            "turns": m.turns,
            "windows": m.windows,
            "simulations_per_s": m.simulations_per_s,
            "control_steps_per_s_1_thread": m.steps_per_s[0].1,
            "best_control_steps_per_s_1_thread": m.best_steps_per_s,
            "control_steps_per_s": m.most().1,
            "scaling": m.steps_per_s.iter().map(scale).collect::<Vec<_>>(),
            "parallel_efficiency": m.efficiency,
            "ns_per_control_step": m.ns_per_step,
            "kernel_steps_per_s_1_core": m.kernel_steps_per_s,
            "gflops_1_core": m.flops / 1e9,
            "fma_peak_gflops": m.peak_flops / 1e9,
            "share_of_peak": m.flops / m.peak_flops,
            "latency_alone_ms_per_s": quantiles(&m.latency_alone_ms),
            "latency_full_block_ms_per_s": quantiles(&m.latency_block_ms),
            "full_block_simulations": m.lanes,
            "saved_by_a_block": m.saved_by_a_block(),
            "new_arena_ns": m.arena_ns[0],
            "kept_arena_ns": m.arena_ns[1],
            "noise": m.noise,
            "bytes_per_simulation": m.bytes_per_simulation,
            "hot_path_allocations": m.allocations,
            "growth_bytes": m.growth_bytes,
            "scheduling_overhead": m.overhead,
            "best_scheduling_overhead": m.best_overhead,
        })
    };
    json!({
        "program": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "threads": measurements.first().map(|m| m.most().0),
        "simd": level.name(),
        "controllers": measurements.iter().map(one).collect::<Vec<_>>(),
    })
}
