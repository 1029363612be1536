"""The talk side: a chat about the gallery. Not built yet; it comes after labels and evaluation."""
