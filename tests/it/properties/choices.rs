//! Decisions made in advance, so that whole tenants and policy files shrink as a list of numbers does.

/// A supply of decisions. Where they run out, everything is the first and simplest choice.
pub(crate) struct Choices<'a> {
    rest: std::slice::Iter<'a, u16>,
}

impl<'a> Choices<'a> {
    /// From what proptest has drawn.
    pub(crate) fn new(drawn: &'a [u16]) -> Self {
        Self { rest: drawn.iter() }
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.rest.next().map_or(0, |number| usize::from(*number)) % n
    }

    /// True in so many of ten cases.
    pub(crate) fn in_ten(&mut self, n: usize) -> bool {
        self.below(10) >= 10 - n
    }

    /// True once in so many cases.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    /// One of these.
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        *from.get(self.below(from.len())).unwrap()
    }

    /// Each of these in so many of ten cases.
    pub(crate) fn some<T: Copy>(&mut self, from: &[T], in_ten: usize) -> Vec<T> {
        from.iter().copied().filter(|_| self.in_ten(in_ten)).collect()
    }

    /// Any order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            let other = end - self.below(end + 1);
            items.swap(end, other);
        }
    }
}
