"""What the rehearsal subscription holds at its start: the same for the same seed and moment."""
