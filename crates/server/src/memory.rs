//! How the kernel backs the process's memory.

/// Asks for memory in pages of 4 KiB only. In huge ones, which the allocator asks for and some systems give unasked, a few bytes cost 2 MiB:
/// an idle process held 57 MiB in place of 42, one under load 109 in place of 80, for 3 % less processor time a call (2026-11-23).
/// A kernel that does not know the request is left as it is.
#[cfg(target_os = "linux")]
pub(crate) fn in_small_pages() {
    let _a_kernel_may_not_know_it = nix::sys::prctl::set_thp_disable(true);
}

#[cfg(not(target_os = "linux"))]
pub(crate) const fn in_small_pages() {}
