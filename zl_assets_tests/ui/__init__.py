"""The product as a person meets it: `dg dev` in a fresh copy of the repository, in a real browser."""
