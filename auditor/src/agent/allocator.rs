//! What the C library's allocator keeps of memory that is free: by itself an arena for each thread, and in each as much as was
//! ever needed at a time (mallopt(3)). A turn is counted on one thread and judged on another, and in a flood takes tens of MiB.

#![cfg_attr(
    target_env = "gnu",
    expect(unsafe_code, reason = "a call that no library offers")
)]

/// Memory at the end of the heap that is given back.
#[cfg(target_env = "gnu")]
const TRIM: i32 = 1 << 20;
/// What is as large is given back as soon as it is free.
#[cfg(target_env = "gnu")]
const MAP: i32 = 128 << 10;

/// Has what is free given back, where whoever starts the program says nothing else. Threads that allocate come later.
#[cfg(target_env = "gnu")]
pub(crate) fn keep_little() {
    use nix::libc::{M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, mallopt};

    if std::env::var_os("MALLOC_ARENA_MAX").is_some() {
        return;
    }
    for (parameter, value) in [
        (M_ARENA_MAX, 1),
        (M_TRIM_THRESHOLD, TRIM),
        (M_MMAP_THRESHOLD, MAP),
    ] {
        // SAFETY: it takes two numbers, and changes nothing but settings of the allocator. What it refuses stays as it is.
        let _is_set = unsafe { mallopt(parameter, value) };
    }
}

/// The allocator of the static program does so by itself.
#[cfg(not(target_env = "gnu"))]
pub(crate) const fn keep_little() {}
