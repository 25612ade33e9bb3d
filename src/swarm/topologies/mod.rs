//! Topologies: who informs whom in the swarm.
//!
//! A new topology is one file with an implementation of [`Topology`] and one line in the registry below.

use crate::Error;
use crate::archive::{Archive, Damage};
use crate::draw::Draw;
use crate::registry::registry;
use crate::swarm::Outcome;

pub mod adaptive_random;
pub mod global;
pub mod ring;
pub mod von_neumann;

pub use adaptive_random::AdaptiveRandom;
pub use global::Global;
pub use ring::Ring;
pub use von_neumann::VonNeumann;

/// Who informs whom.
///
/// ```
/// use gainswarm::swarm::topologies::{Ring, Topology};
///
/// let ring = Ring::new(5, 3)?;
/// let mut informants = Vec::new();
/// ring.each_informant(0, 5, &mut |other| informants.push(other));
/// informants.sort_unstable();
/// assert_eq!(informants, [0, 1, 4]);
/// # Ok::<(), gainswarm::Error>(())
/// ```
pub trait Topology: Send {
    /// The key in the config.
    const NAME: &'static str;
    /// The topology, in a line.
    const SUMMARY: &'static str;

    /// A topology of `particles` particles in which each informs up to `informed` others where that is a choice.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    fn new(particles: usize, informed: usize) -> Result<Self, Error>
    where
        Self: Sized;

    /// Draws the links anew where they are random: at the start, and after each generation that did not improve the best.
    fn rewire(&mut self, draw: &mut Draw);

    /// The swarm has so many particles from now on, no more than it was made for; the links are drawn anew before they are used.
    ///
    /// # Allocation
    ///
    /// None.
    fn resize(&mut self, _particles: usize) {}

    /// Calls `visit` with every particle of `particles` that informs the given one: itself among them, once.
    ///
    /// # Allocation
    ///
    /// None.
    fn each_informant(&self, particle: usize, particles: usize, visit: &mut dyn FnMut(usize));

    /// For every particle the one with the best outcome among those that inform it; ties go to the smaller index.
    ///
    /// # Allocation
    ///
    /// None.
    fn best_informants(&self, bests: &[Outcome], informants: &mut [usize]) {
        for (particle, informant) in informants.iter_mut().enumerate() {
            *informant = particle;
            self.each_informant(particle, bests.len(), &mut |other| {
                *informant = better(bests, *informant, other);
            });
        }
    }

    /// Saves or restores what [`Topology::rewire`] has drawn.
    ///
    /// # Errors
    ///
    /// When restoring, bytes that are no such state.
    fn pass(&mut self, _tape: &mut Archive<'_>) -> Result<(), Damage> {
        Ok(())
    }
}

/// A topology without its constants, which makes it usable as a trait object.
pub(crate) trait DynTopology: Send {
    fn rewire(&mut self, draw: &mut Draw);
    fn resize(&mut self, particles: usize);
    fn each_informant(&self, particle: usize, particles: usize, visit: &mut dyn FnMut(usize));
    fn best_informants(&self, bests: &[Outcome], informants: &mut [usize]);
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage>;
}

impl<T: Topology> DynTopology for T {
    fn rewire(&mut self, draw: &mut Draw) {
        Topology::rewire(self, draw);
    }

    fn resize(&mut self, particles: usize) {
        Topology::resize(self, particles);
    }

    fn each_informant(&self, particle: usize, particles: usize, visit: &mut dyn FnMut(usize)) {
        Topology::each_informant(self, particle, particles, visit);
    }

    fn best_informants(&self, bests: &[Outcome], informants: &mut [usize]) {
        Topology::best_informants(self, bests, informants);
    }

    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        Topology::pass(self, archive)
    }
}

registry! {
    /// The topologies of this build.
    pub enum TopologyKind in topologies, with_topology {
        AdaptiveRandom,
        Global,
        Ring,
        VonNeumann,
    }
}

impl TopologyKind {
    pub(crate) fn build(self, particles: usize, informed: usize) -> Result<Box<dyn DynTopology>, Error> {
        Ok(with_topology!(self, T => Box::new(<T as Topology>::new(particles, informed)?)))
    }
}

/// The better of two particles; ties go to the smaller index.
fn better(bests: &[Outcome], a: usize, b: usize) -> usize {
    match bests[a].rank(&bests[b]).then(a.cmp(&b)) {
        std::cmp::Ordering::Greater => b,
        _ => a,
    }
}
