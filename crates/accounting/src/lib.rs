//! The pure core: amounts, reports, journal entries, mapping, translation, posting states. No I/O, no clock.
