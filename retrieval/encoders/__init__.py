"""How pictures and text become vectors."""
