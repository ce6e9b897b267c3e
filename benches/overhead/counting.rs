//! The system's allocator, which counts what is asked of it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

pub struct Counting;

/// Allocations, and the bytes that they asked for, since the process began.
pub fn counts() -> [usize; 2] {
    [ALLOCATIONS.load(Ordering::SeqCst), BYTES.load(Ordering::SeqCst)]
}

fn note(bytes: usize) {
    ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    BYTES.fetch_add(bytes, Ordering::Relaxed);
}

// SAFETY: every call is handed on to the system's allocator as it came, and counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: what the caller promised is what the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the memory came from `alloc` or `realloc` above, and so from the system's allocator.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // A buffer that grows counts as one more, with what it grows by.
        note(bytes.saturating_sub(layout.size()));
        // SAFETY: as for `dealloc`, and the caller promised a size that is not zero.
        unsafe { System.realloc(memory, layout, bytes) }
    }
}
