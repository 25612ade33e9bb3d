//! Tunes controller gains: a particle swarm proposes gain vectors, every vector is judged by closed-loop simulations,
//! thousands at a time over SIMD lanes and threads, and nothing allocates while they run.
//!
//! The command line is described in the book (`docs/`); this is the library that it is made of.
//!
//! # Where to begin
//!
//! | to | begin at |
//! |---|---|
//! | tune a study, in memory | [`config::Config`], [`problem::Problem`], [`engine::tune`] |
//! | tune a study into a directory, with checkpoints | [`study`] |
//! | minimise a function of your own | [`swarm::Search`], or [`swarm::Swarm`] for one swarm |
//! | know whether a loop is stable, and its margins | [`problem::certifier`] |
//! | try gains on scenarios that tuning never saw | [`validation::Trial`] |
//! | look at trajectories | [`replay::Replay`] |
//! | add a rule, a topology, an export format | [`swarm::rules::Rule`], [`swarm::topologies::Topology`], [`report::export::Format`] |
//!
//! Quantities have the units of the model that declares them. A gain vector has a value for each parameter of the controller, in
//! their order, also for those that are not searched.
//!
//! # A study from its text
//!
//! ```
//! use std::path::Path;
//!
//! use gainswarm::config::Config;
//! use gainswarm::engine::{self, Resources};
//! use gainswarm::problem::{self, Problem};
//! use gainswarm::stability::Verdict;
//!
//! let text = r#"
//!     plant = { type = "dc_motor", K = 0.05, Kb = 0.05, L = 0.005 }
//!     controller = { type = "pi", u_max = 24.0 }
//!     connect = { measurement = "omega", voltage = "u" }
//!     scenarios = [{ signals = { reference = 100.0 } }]
//!     cost.itae.signals = ["error"]
//!     simulation.duration = 0.5
//!     swarm.stopping.evaluations = 100
//! "#;
//! let config = Config::parse(Path::new("motor.toml"), text)?;
//! let tuning = engine::tune(&Problem::new(&config), Resources::default(), &mut |progress| {
//!     assert!(progress.simulations > 0);
//! })?;
//! assert!(tuning.cost() > 0.0 && tuning.evaluations == 100);
//!
//! let certificate = problem::certifier(&config)(&tuning.values);
//! assert_eq!(certificate.verdict, Verdict::Stable);
//! # Ok::<(), gainswarm::Error>(())
//! ```
//!
//! # The modules
//!
//! Data flows one way, and the modules stand in that order:
//!
//! 1. [`model`]: plants and laws as texts of equations become checked declarations and statements.
//! 2. [`config`]: the TOML as written becomes checked values; errors name file, line, key, value and what is allowed.
//! 3. [`problem`]: what is tuned, on what, under which [`constraint`]s, and how it is judged ([`costs`]); immutable.
//!    [`sampling`] draws scenarios from the distributions that a study describes, [`signals`] are what acts in them.
//! 4. [`closed_loop`]: sensors, law, actuator, plant and judge as one [`graph`], which becomes a [`program`] over [`lanes`], and for long
//!    runs machine code ([`native`]).
//! 5. [`simulation`]: the hot loop, many closed loops at a time, one a SIMD lane.
//! 6. [`swarm`]: an ask/tell core without I/O that knows nothing of simulations.
//! 7. [`engine`]: generation after generation on all threads; the only module that knows of rayon.
//! 8. [`stability`]: the certificate of a gain vector.
//!    [`pid_rules`]: what published rules give; [`sensitivity`]: how flat the cost is.
//! 9. [`validation`]: how tuned gains do on scenarios that tuning never saw; [`statistics`].
//! 10. [`memory`]: the counting allocator; [`audit`]: what it shows of every controller; [`bench`](mod@bench): how fast they are.
//!     [`pace`]: how long a tuning will take; [`scaling`]: on how many cores it is worth it.
//! 11. [`replay`]: tuned gains simulated once more, to be looked at; [`report`]: results as files.
//! 12. [`study`]: a study from its config to the results in its directory, checkpoints and interruptions on the way.
//! 13. [`cli`]: the commands; the only module that prints.
//!
//! # A study made in code
//!
//! ```
//! use gainswarm::config::Config;
//! use gainswarm::engine::{self, Resources};
//! use gainswarm::problem::Problem;
//! use gainswarm::swarm::Stopping;
//!
//! let config = Config::of("double_inverted_pendulum", "classical")?.lasting(0.5)?;
//! let mut config = config.starting(&[0.0, 0.1, -0.05, 0.0, 0.0, 0.0])?;
//! config.swarm.stopping = Stopping::after_generations(5);
//! let tuning = engine::tune(&Problem::new(&config), Resources::default(), &mut |_| {})?;
//! assert!(tuning.best.cost > 0.0);
//! # Ok::<(), gainswarm::Error>(())
//! ```

mod figures;
mod registry;
mod verdict;

pub mod archive;
pub mod audit;
pub mod bench;
pub mod cli;
pub mod closed_loop;
pub mod config;
pub mod constraint;
pub mod costs;
pub mod draw;
pub mod engine;
pub mod error;
pub mod graph;
pub mod lanes;
pub mod memory;
pub mod model;
pub mod native;
pub mod pace;
pub mod parameter;
pub mod pid_rules;
pub mod plugin;
pub mod problem;
pub mod program;
pub mod replay;
pub mod report;
pub mod sampling;
pub mod scaling;
pub mod sensitivity;
pub mod shard;
pub mod signals;
pub mod simulation;
pub mod stability;
pub mod statistics;
pub mod step_response;
pub mod study;
pub mod swarm;
mod text;
pub mod validation;

pub use error::Error;
pub use registry::Member;
pub(crate) use report::export;
pub(crate) use swarm::{rules, topologies};
