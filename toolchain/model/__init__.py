"""The two Wav2Small students in torch: float front end, networks and checkpoints."""
