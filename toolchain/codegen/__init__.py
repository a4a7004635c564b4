"""From a `QuantizedStudent` to readable C: contexts are computed here, templates only place them."""
