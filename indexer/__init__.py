"""The write side: reads posts from a source and keeps the gallery up to date."""
