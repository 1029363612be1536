"""What lies under chroma_db/: how it is written, locked, published and opened."""
