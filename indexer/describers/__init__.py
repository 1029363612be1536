"""How a picture becomes a sentence that the caption models can read."""
