"""One reader per kind of input; each turns what it finds into posts."""
