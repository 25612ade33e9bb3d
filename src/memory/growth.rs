//! Tells growth of live bytes from a constant.
//!
//! Memory that is taken once, however late (a buffer of a library, the remains of a thread), raises live bytes once; memory that is held
//! for a while raises them and is freed again; a leak raises them again and again. So growth is judged by the smallest number of live
//! bytes from each moment on, and by whether that rises most of the time.

/// Parts that repetitions are divided into, at most.
const PARTS: usize = 8;

/// Bytes by which live bytes have grown over repetitions, one reading after each: 0 unless the least of what is live from a part of
/// them on is more than that from the part before, for most of up to 8 equal parts. Two readings tell a constant from growth no more
/// than one does; from three on they do.
pub(crate) fn growth(live: &[i64]) -> i64 {
    let parts = live.len().min(PARTS);
    let mut rises = 0;
    let mut floor = live.last().copied().unwrap_or(0);
    let last = floor;
    for part in (0..parts).rev() {
        let readings = &live[part * live.len() / parts..(part + 1) * live.len() / parts];
        let least = readings.iter().copied().fold(floor, i64::min);
        rises += usize::from(part + 1 < parts && least < floor);
        floor = least;
    }
    if 2 * rises + 1 > parts { last - floor } else { 0 }
}

/// Growth while it goes on, without keeping the readings: bytes count once they have been more than ever before for the third time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rising {
    bytes: i64,
    most: i64,
    times: u32,
}

impl Rising {
    const TIMES: u32 = 3;

    /// Growth that is already known.
    pub(crate) fn known(bytes: i64) -> Self {
        Self { bytes, most: bytes, times: if bytes > 0 { Self::TIMES } else { 0 } }
    }

    /// So many bytes more or less than before; never less than nothing, since what others give back makes up for no growth.
    pub(crate) fn add(&mut self, bytes: i64) {
        self.see((self.bytes + bytes).max(0));
    }

    /// So many bytes in all.
    pub(crate) fn see(&mut self, bytes: i64) {
        self.bytes = bytes;
        if bytes > self.most {
            self.most = bytes;
            self.times = self.times.saturating_add(1);
        }
    }

    /// What it has grown by; 0 for what was paid once or twice.
    pub(crate) fn bytes(&self) -> i64 {
        if self.times < Self::TIMES { 0 } else { self.bytes.max(0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a thread leaves until another has freed it.
    const PARTICIPANT: i64 = 2304;
    const BAG: i64 = 2072;

    fn readings(count: i64, live: impl Fn(i64) -> i64) -> Vec<i64> {
        (0..count).map(live).collect()
    }

    #[test]
    fn what_is_paid_once_is_no_growth_however_late() {
        for late in 0..24 {
            let step = readings(24, |k| if k < late { 0 } else { PARTICIPANT });
            assert_eq!(growth(&step), 0, "{step:?}");
        }
        for [first, second] in [[0, 1], [3, 20], [10, 11], [22, 23]] {
            let steps = readings(24, |k| PARTICIPANT * (i64::from(k >= first) + i64::from(k >= second)));
            assert_eq!(growth(&steps), 0, "{steps:?}");
        }
        for late in 0..3 {
            assert_eq!(growth(&readings(3, |k| if k < late { 0 } else { PARTICIPANT })), 0);
        }
    }

    #[test]
    fn what_comes_back_is_no_growth() {
        for period in 2..9 {
            let saw = readings(24, |k| PARTICIPANT * (k % period) + BAG * (k % 2));
            assert_eq!(growth(&saw), 0, "{saw:?}");
        }
        assert_eq!(growth(&readings(24, |k| -64 * k)), 0, "what is given back");
        assert_eq!(growth(&readings(24, |_| 7)), 0);
        assert_eq!(growth(&[]) + growth(&[5]), 0);
    }

    #[test]
    fn one_byte_a_round_is_growth_and_a_sawtooth_does_not_hide_it() {
        for count in 2..40 {
            assert_eq!(growth(&readings(count, |k| k)), count - 1, "{count}");
        }
        for period in 1..4 {
            let hidden = readings(24, |k| k + PARTICIPANT * ((k + 1) % period));
            assert!(growth(&hidden) >= 20, "{hidden:?}");
        }
        // A constant beside it, before or after, hides it as little.
        for late in 0..24 {
            let beside = readings(24, |k| k + if k < late { PARTICIPANT } else { 0 });
            let above = readings(24, |k| k + if k < late { 0 } else { PARTICIPANT });
            assert!(growth(&above) >= 23, "{above:?}");
            assert!(growth(&beside) > 0 || late >= 12, "{beside:?}");
        }
        // Not in every round, but again and again.
        assert!(growth(&readings(24, |k| 64 * (k / 3))) > 0);
    }

    #[test]
    fn a_run_that_goes_on_grows_from_its_third_new_height_on() {
        let seen = |moves: &[i64]| {
            let mut rising = Rising::default();
            for bytes in moves {
                rising.add(*bytes);
            }
            rising.bytes()
        };
        assert_eq!(seen(&[PARTICIPANT, 0, 0, 0]), 0, "paid once");
        assert_eq!(seen(&[0, BAG, 0, PARTICIPANT, 0]), 0, "paid once each");
        assert_eq!(seen(&[PARTICIPANT, -PARTICIPANT, PARTICIPANT, -PARTICIPANT, PARTICIPANT]), 0);
        assert_eq!(seen(&[-PARTICIPANT, BAG, -BAG, BAG, -BAG, BAG]), 0, "what is given back lowers nothing");
        assert_eq!(seen(&[1, 1]), 0);
        assert_eq!(seen(&[1, 1, 1]), 3);
        assert_eq!(seen(&[1, 0, 0, 1, 0, 1, 5]), 8, "all of it, once it is known");
        assert_eq!(seen(&[1, PARTICIPANT, 1 - PARTICIPANT, PARTICIPANT, 1 - PARTICIPANT, 1]), 4);
        let mut resumed = Rising::known(88);
        resumed.add(1);
        assert_eq!((resumed.bytes(), Rising::known(0).bytes()), (89, 0));
    }
}
