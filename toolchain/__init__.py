"""Wav2Small on microcontrollers: distil, quantise, generate, flash and verify."""

__version__ = "0.1.0"
