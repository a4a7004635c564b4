"""The integer specification in numpy: what every board must compute, bit for bit."""
