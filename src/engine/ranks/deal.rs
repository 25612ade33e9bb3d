//! Tasks that a rank does as a whole and for itself, in the place of a part of every generation.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use mpi::topology::Rank;

use super::world::{Tag, World};
use crate::engine::conduct::Answer;

/// Between two looks at what has come; a task takes far longer.
const LOOK: Duration = Duration::from_millis(10);

/// Whether all other ranks answer a task with yes.
pub(in crate::engine) fn all_agree(world: World, task: &[u8]) -> bool {
    world.tell_all(Tag::Task, task);
    let mut said = [0];
    // Nobody is left unheard.
    world
        .others()
        .filter(|rank| World::words_from(*rank, Tag::Records, &mut said) != 1 || said != [1])
        .count()
        == 0
}

/// Hands tasks to whoever is free, in their order. This rank does those that fall to it by `done`, which also hears between them what the others have
/// come to. Once they are called off, nobody gets another one, and who has one is told.
pub(in crate::engine) fn deal(
    world: World,
    tasks: &[Vec<u8>],
    is_called_off: &(dyn Fn() -> bool + Sync),
    done: &mut dyn FnMut(usize, Option<Answer>),
) {
    let ranks = world.size();
    let hands = Hands {
        next: 0,
        idle: world.others().collect(),
        busy: Vec::with_capacity(ranks),
        answers: Vec::with_capacity(tasks.len()),
        is_over: false,
    };
    let desk = Desk { tasks, is_called_off, hands: Mutex::new(hands) };
    thread::scope(|scope| {
        scope.spawn(|| desk.hand_out());
        let _over = Over(&desk);
        loop {
            let mut hands = desk.hands();
            let next = match hands.answers.pop() {
                Some((task, answer)) => Some((task, Some(answer))),
                None => desk.take(&mut hands).map(|task| (task, None)),
            };
            let is_waiting = !hands.busy.is_empty();
            drop(hands);
            match next {
                Some((task, answer)) => done(task, answer),
                None if is_waiting => thread::sleep(LOOK),
                None => return,
            }
        }
    });
}

/// Where tasks are handed out, by a thread of its own while this rank has one itself.
struct Desk<'a> {
    tasks: &'a [Vec<u8>],
    is_called_off: &'a (dyn Fn() -> bool + Sync),
    hands: Mutex<Hands>,
}

/// Who has what.
struct Hands {
    /// The first task that nobody has had.
    next: usize,
    /// Ranks without a task.
    idle: Vec<Rank>,
    /// Those with one.
    busy: Vec<Busy>,
    /// What has been said and not been heard.
    answers: Vec<(usize, Answer)>,
    is_over: bool,
}

struct Busy {
    rank: Rank,
    task: usize,
    since: Instant,
    is_told: bool,
}

impl Desk<'_> {
    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A task that nobody has had.
    fn take(&self, hands: &mut Hands) -> Option<usize> {
        if (self.is_called_off)() {
            hands.next = self.tasks.len();
        }
        let task = hands.next;
        let is_there = task < self.tasks.len();
        hands.next += usize::from(is_there);
        is_there.then_some(task)
    }

    /// Until it is over.
    ///
    /// # Allocation
    ///
    /// None, since it would count as one of the study that this rank tunes meanwhile.
    fn hand_out(&self) {
        loop {
            let mut hands = self.hands();
            while let Some(rank) = World::heard() {
                hands.hear(rank);
            }
            if (self.is_called_off)() {
                for busy in hands.busy.iter_mut().filter(|busy| !busy.is_told) {
                    busy.is_told = true;
                    World::send::<u8>(busy.rank, Tag::Stop, &[]);
                }
            }
            while let Some(rank) = hands.idle.last().copied() {
                let Some(task) = self.take(&mut hands) else { break };
                hands.idle.pop();
                hands.busy.push(Busy { rank, task, since: Instant::now(), is_told: false });
                World::send(rank, Tag::Task, &self.tasks[task]);
            }
            if hands.is_over {
                return;
            }
            drop(hands);
            thread::sleep(LOOK);
        }
    }
}

impl Hands {
    /// Takes what a rank says of its task.
    fn hear(&mut self, rank: Rank) {
        let mut said = [0];
        World::words_from(rank, Tag::Records, &mut said);
        if let Some(place) = self.busy.iter().position(|busy| busy.rank == rank) {
            let Busy { task, since, .. } = self.busy.swap_remove(place);
            self.answers.push((task, Answer { is_done: said == [1], took: since.elapsed() }));
        }
        self.idle.push(rank);
    }
}

/// Ends the handing out, also where this rank panics.
struct Over<'a>(&'a Desk<'a>);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.hands().is_over = true;
    }
}
