//! Whether a file is a whole library for this processor: looked at as bytes, before anything of it runs.
//!
//! A system's loader maps a file that has been cut off without a word, and the process dies when it reads what is not there. So the parts that
//! the head of an ELF file names (System V ABI, chapters 4 and 5) must lie within it. Files of other systems are left to their loaders.

/// Machines by their number in an ELF head, and as Rust calls them.
const MACHINES: [(u16, &str); 6] =
    [(3, "x86"), (40, "arm"), (62, "x86_64"), (183, "aarch64"), (243, "riscv64"), (22, "s390x")];

const HEAD: usize = 64;
const SHARED: u16 = 3;
const LOADED: u32 = 1;

/// What is wrong with a file.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    if bytes.is_empty() {
        return Err("is empty".into());
    }
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    if !bytes.starts_with(b"\x7fELF") {
        let what = if std::str::from_utf8(bytes).is_ok() { "a text" } else { "a file of another kind" };
        return Err(format!("is no shared library, but {what}"));
    }
    let cut = || format!("is cut off: it ends after {} bytes", bytes.len());
    let head = bytes.get(..HEAD).ok_or_else(cut)?;
    if head[4] != 2 || head[5] != 1 {
        return Err("is made for another processor: it is no 64-bit little-endian library".into());
    }
    let machine = half(head, 18);
    let name = MACHINES.iter().find(|(number, _)| *number == machine).map(|(_, name)| *name);
    if name != Some(std::env::consts::ARCH) {
        let name = name.map_or_else(|| format!("machine {machine}"), str::to_owned);
        return Err(format!("is made for {name}, and this is {}", std::env::consts::ARCH));
    }
    if half(head, 16) != SHARED {
        return Err("is an object file or a program, not a shared library: link it with -shared".into());
    }
    let [segments, sections] = [(32, 54), (40, 58)].map(|(at, size)| {
        let (count, size) = (u64::from(half(head, size + 2)), u64::from(half(head, size)));
        (long(head, at), count, size)
    });
    let is_inside =
        |from: u64, size: u64| from.checked_add(size).is_some_and(|end| end <= bytes.len() as u64);
    for (from, count, size) in [segments, sections] {
        if !is_inside(from, count * size) {
            return Err(cut());
        }
    }
    let (from, count, size) = segments;
    for place in 0..count {
        let at = usize::try_from(from + place * size).unwrap_or(usize::MAX);
        let segment = bytes.get(at..).filter(|rest| rest.len() >= 56).ok_or_else(cut)?;
        let kind = u32::from_le_bytes([segment[0], segment[1], segment[2], segment[3]]);
        if kind == LOADED && !is_inside(long(segment, 8), long(segment, 32)) {
            return Err(cut());
        }
    }
    Ok(())
}

fn half(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn long(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}
