"""The paper's table for any students: how well they answer, and what they cost."""
