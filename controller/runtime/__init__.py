"""The async shell around the pure core: scanning, writing, journal, recording, supervision, control socket."""
