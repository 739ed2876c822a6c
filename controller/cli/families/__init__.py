"""The commands by family: how each is called. What a command does is imported when it is called, and nothing else."""
