"""What the model would have said: each session's forecast by a model that has learnt only what was known that day."""
