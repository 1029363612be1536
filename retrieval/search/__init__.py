"""A query in, pictures with their posts out, and why each was found."""
