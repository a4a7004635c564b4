"""Where training targets come from."""
