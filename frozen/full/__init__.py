"""The sections of the whole suite, one module each, with `run(place) -> (title, text, problems)`."""
