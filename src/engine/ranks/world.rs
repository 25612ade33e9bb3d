//! Messages between the ranks.

use std::thread;
use std::time::{Duration, Instant};

use mpi::Tag as Number;
use mpi::environment::{self, Universe};
use mpi::point_to_point::{Destination, Source, Status};
use mpi::topology::{Communicator, Rank, SimpleCommunicator};
use mpi::traits::Equivalence;

/// Who waits keeps its core for so long, and then looks this often: a rank without work must not slow down one that has some.
const AWAKE: Duration = Duration::from_millis(2);
const NAP: Duration = Duration::from_micros(100);

/// The rank that asks.
const LEAD: Rank = 0;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Tag {
    /// A problem, which is judged from now on; answered.
    Begin,
    /// Costs on the way are noted; answered.
    Mark,
    /// To warm up.
    WarmUp,
    /// The part that judges, from now on.
    Part,
    /// There is machine code.
    Native,
    /// Jobs; answered by their records.
    Jobs,
    /// A task to be done as a whole; answered by what it comes to.
    Task,
    /// The task is called off.
    Stop,
    /// The problem is not judged any more.
    Done,
    /// To run the command by oneself.
    Apart,
    /// Nothing is to be judged any more.
    End,
    /// That a rank does what it was told, or why not.
    Answer,
    /// Records, or what a task has come to.
    Records,
}

impl Tag {
    const ALL: [Self; 13] = [
        Self::Begin,
        Self::Mark,
        Self::WarmUp,
        Self::Part,
        Self::Native,
        Self::Jobs,
        Self::Task,
        Self::Stop,
        Self::Done,
        Self::Apart,
        Self::End,
        Self::Answer,
        Self::Records,
    ];

    fn number(self) -> Number {
        self as Number
    }

    fn of(status: Status) -> Self {
        let place = usize::try_from(status.tag()).ok();
        place.and_then(|place| Self::ALL.get(place).copied()).expect("a tag of ours")
    }
}

/// The ranks of the job.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct World {
    rank: Rank,
    size: Rank,
}

impl World {
    pub(in crate::engine) fn of(universe: &Universe) -> Self {
        let world = universe.world();
        Self { rank: world.rank(), size: world.size() }
    }

    /// How many ranks there are.
    pub(in crate::engine) fn size(self) -> usize {
        usize::try_from(self.size).unwrap_or(1)
    }

    /// Whether this is the rank that asks.
    pub(in crate::engine) fn is_lead(self) -> bool {
        self.rank == LEAD
    }

    /// All ranks but the one that asks.
    pub(in crate::engine) fn others(self) -> impl Iterator<Item = Rank> {
        LEAD + 1..self.size
    }

    /// The name of this machine.
    pub(in crate::engine) fn host() -> String {
        environment::processor_name().unwrap_or_else(|_| "an unknown machine".into())
    }

    /// Ends all ranks at once.
    pub(in crate::engine) fn abort(code: i32) -> ! {
        SimpleCommunicator::world().abort(code)
    }

    /// Sends words or bytes to a rank.
    pub(in crate::engine) fn send<T: Equivalence>(rank: Rank, tag: Tag, message: &[T]) {
        SimpleCommunicator::world().process_at_rank(rank).send_with_tag(message, tag.number());
    }

    /// Sends bytes to all others.
    pub(in crate::engine) fn tell_all(self, tag: Tag, bytes: &[u8]) {
        for rank in self.others() {
            Self::send(rank, tag, bytes);
        }
    }

    /// Sends words to the rank that asks.
    pub(in crate::engine) fn reply(words: &[u64]) {
        Self::send(LEAD, Tag::Records, words);
    }

    /// Sends bytes to the rank that asks.
    pub(in crate::engine) fn answer(bytes: &[u8]) {
        Self::send(LEAD, Tag::Answer, bytes);
    }

    /// A rank whose records, or whose task, have come.
    ///
    /// # Allocation
    ///
    /// None.
    pub(in crate::engine) fn heard() -> Option<Rank> {
        let all = SimpleCommunicator::world();
        all.any_process().immediate_probe_with_tag(Tag::Records.number()).map(|status| status.source_rank())
    }

    /// Whether such a message of the rank that asks has come.
    pub(in crate::engine) fn has_come(tag: Tag) -> bool {
        let world = SimpleCommunicator::world();
        world.process_at_rank(LEAD).immediate_probe_with_tag(tag.number()).is_some()
    }

    /// Waits for a message of the rank that asks.
    pub(in crate::engine) fn next() -> Tag {
        Tag::of(wait_for(LEAD))
    }

    /// The bytes of the message that has come from a rank, or will.
    pub(in crate::engine) fn bytes_from(rank: Rank, tag: Tag) -> Vec<u8> {
        let mut bytes = vec![0; count_of::<u8>(wait_for(rank))];
        SimpleCommunicator::world().process_at_rank(rank).receive_into_with_tag(&mut bytes[..], tag.number());
        bytes
    }

    /// The bytes of the message that has come from the rank that asks.
    pub(in crate::engine) fn bytes(tag: Tag) -> Vec<u8> {
        Self::bytes_from(LEAD, tag)
    }

    /// Takes the words of the message that has come from the rank that asks; how many there are.
    ///
    /// # Allocation
    ///
    /// None.
    pub(in crate::engine) fn words(tag: Tag, room: &mut [u64]) -> usize {
        Self::words_from(LEAD, tag, room)
    }

    /// Waits for a message of a rank and takes its words; how many there are.
    ///
    /// # Allocation
    ///
    /// None.
    pub(in crate::engine) fn words_from(rank: Rank, tag: Tag, room: &mut [u64]) -> usize {
        let count = count_of::<u64>(wait_for(rank));
        let world = SimpleCommunicator::world();
        world.process_at_rank(rank).receive_into_with_tag(&mut room[..count], tag.number());
        count
    }
}

/// Waits for a message of a rank.
fn wait_for(rank: Rank) -> Status {
    let world = SimpleCommunicator::world();
    let from = world.process_at_rank(rank);
    let since = Instant::now();
    loop {
        if let Some(status) = from.immediate_probe() {
            return status;
        }
        if since.elapsed() < AWAKE { thread::yield_now() } else { thread::sleep(NAP) }
    }
}

fn count_of<T: Equivalence>(status: Status) -> usize {
    usize::try_from(status.count(T::equivalent_datatype())).unwrap_or(0)
}
