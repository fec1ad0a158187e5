"""Feature families: one module each, beside the base that says what a family is."""
