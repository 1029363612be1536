"""Makes the numbers that retrieval ships; imported by nothing."""
