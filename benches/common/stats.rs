//! Figures of samples.

/// The value below which this share of the samples lies. Sorts them.
pub fn percentile(samples: &mut [f64], share: f64) -> Option<f64> {
    samples.sort_unstable_by(f64::total_cmp);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a bench has fewer samples than a float has digits"
    )]
    let at = (samples.len() as f64 * share) as usize;
    samples.get(at.min(samples.len().saturating_sub(1))).copied()
}

pub fn median(samples: impl IntoIterator<Item = f64>) -> Option<f64> {
    percentile(&mut samples.into_iter().collect::<Vec<_>>(), 0.5)
}

/// A count as a float.
#[expect(clippy::cast_precision_loss, reason = "no count of a bench has more digits than a float")]
pub fn float(count: usize) -> f64 {
    count as f64
}
