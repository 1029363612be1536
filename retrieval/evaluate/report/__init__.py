"""The results of an evaluation as a document, and how it is shown."""
