//! Tunes controller gains: a particle swarm proposes gain vectors, every vector is judged by closed-loop simulations,
//! thousands at a time over SIMD lanes and threads, and nothing allocates while they run.
//!
//! Data flows one way, and the modules stand in that order:
//!
//! 1. [`config`]: the TOML as written becomes checked values; errors name file, line, key, value and what is allowed.
//! 2. [`problem`]: what is tuned, on what, under which [`constraint`]s, and how it is judged; immutable.
//! 3. The families that a study chooses from: [`plants`], [`controllers`], [`integrators`], [`costs`].
//!    [`sampling`] draws scenarios from the distributions that a study describes.
//!    [`mod@draw`] is the random numbers, keyed by what they are for.
//! 4. [`swarm`]: an ask/tell core without I/O that knows nothing of simulations, with its
//!    rules ([`swarm::rules`]) and topologies ([`swarm::topologies`]).
//! 5. [`engine`]: generation after generation on all threads; the only module that knows of rayon.
//! 6. [`simulation`]: the hot loop, many closed loops at a time, one a SIMD lane.
//!    [`lanes`] is the mathematics below it, [`native`] makes machine code of what it runs. [`model`], [`graph`], [`closed_loop`] and [`program`] make the closed loop of plants and laws
//!    that are stated as equations; no command reads them yet.
//! 7. [`stability`]: the certificate of a gain vector.
//! 8. [`validation`]: how tuned gains do on scenarios that tuning never saw; [`statistics`] says how sure that is.
//! 9. [`memory`]: the counting allocator; [`audit`]: what it shows of every controller; [`bench`](mod@bench): how fast they are.
//! 10. [`replay`]: tuned gains simulated once more, to be looked at; [`report`]: results as files.
//! 11. [`cli`]: the commands; the only module that prints.
//!
//! # Example
//!
//! ```
//! use gainswarm::config::Config;
//! use gainswarm::engine::{self, Resources};
//! use gainswarm::problem::Problem;
//!
//! let text = "
//!     [simulation]
//!     duration = 0.5
//!     [[scenarios]]
//!     initial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]
//!     [swarm.stopping]
//!     generations = 5
//! ";
//! let config = Config::parse("example.toml".as_ref(), text)?;
//! let tuning = engine::tune(&Problem::new(&config), Resources::default(), &mut |_| {})?;
//! assert!(tuning.best.cost > 0.0);
//! # Ok::<(), gainswarm::Error>(())
//! ```

mod figures;
mod registry;
mod verdict;

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
pub mod problem;
pub mod program;
pub mod replay;
pub mod report;
pub mod sampling;
pub mod signals;
pub mod simulation;
pub mod stability;
pub mod statistics;
pub mod swarm;
pub mod tape;
mod text;
pub mod validation;

pub use error::Error;
pub use registry::Member;
pub(crate) use report::export;
pub(crate) use swarm::{rules, topologies};
