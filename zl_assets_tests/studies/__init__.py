"""Studies that a person runs by hand: where bounds come from, what the gates and the impact protocol can see."""
