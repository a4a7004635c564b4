"""From a float student to integers: int8 backbone, integer front end and head, and the hand-over object."""
