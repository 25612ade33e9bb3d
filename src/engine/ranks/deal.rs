//! Which jobs of a generation a rank has.

use std::ops::Range;

/// The jobs of a rank: a piece of all in their order, made of whole blocks of so many jobs as fill the lanes of a thread. The first ranks have a
/// block more where they do not come out even: rank 0 does not have to send its records.
pub(super) fn share(jobs: usize, block: usize, ranks: usize, rank: usize) -> Range<usize> {
    let blocks = jobs.div_ceil(block);
    let (each, more) = (blocks / ranks, blocks % ranks);
    let end = |rank: usize| ((each * rank + rank.min(more)) * block).min(jobs);
    end(rank)..end(rank + 1)
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn every_job_is_dealt_once_in_whole_blocks_and_evenly() {
        for (jobs, block, ranks) in [(0, 8, 3), (1, 8, 3), (8, 8, 2), (40, 16, 2), (1000, 16, 5), (7, 1, 64)]
        {
            let shares: Vec<_> = (0..ranks).map(|rank| share(jobs, block, ranks, rank)).collect();
            assert_eq!((shares[0].start, shares[ranks - 1].end), (0, jobs));
            for pair in shares.windows(2) {
                assert_eq!(pair[0].end, pair[1].start, "{jobs} jobs over {ranks} ranks");
                assert!(
                    pair[0].len() >= pair[1].len()
                        && pair[0].len() <= pair[1].len().div_ceil(block) * block + block
                );
            }
            assert!(shares.iter().all(|share| share.end == jobs || share.end % block == 0));
        }
    }
}
