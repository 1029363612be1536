"""The ground floor: records, encoders, the gallery on disk, and search over it."""
