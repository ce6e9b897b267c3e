//! What was read of the server's messages at a time.

/// The piece that was read, and what of it is for the driver.
pub(super) struct Piece<'a> {
    pub(super) bytes: &'a mut [u8],
    /// How much has been looked at.
    pub(super) read: usize,
    /// Where the latest run of bytes for the driver begins, which ends where was read to.
    run: usize,
    /// How much stands at the front for the driver, ahead of the run.
    pub(super) kept: usize,
    /// Whether what is kept goes behind what is ready, because something of it came earlier.
    pub(super) spills: bool,
}

impl<'a> Piece<'a> {
    pub(super) fn new(bytes: &'a mut [u8], spills: bool) -> Self {
        Self { bytes, read: 0, run: 0, kept: 0, spills }
    }

    /// Lets what comes next go behind what is ready.
    pub(super) fn spill(&mut self) {
        self.end_run();
        self.spills = true;
    }

    /// Leaves out the bytes that come next.
    pub(super) fn withhold(&mut self, count: usize) {
        self.end_run();
        self.read += count;
        self.run = self.read;
    }

    /// Moves the run to the front.
    pub(super) fn end_run(&mut self) {
        if self.kept != self.run {
            self.bytes.copy_within(self.run..self.read, self.kept);
        }
        self.kept += self.read - self.run;
        self.run = self.read;
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.end_run();
        self.bytes[self.kept..self.kept + bytes.len()].copy_from_slice(bytes);
        self.kept += bytes.len();
    }
}
