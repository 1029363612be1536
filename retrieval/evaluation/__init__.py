"""What the evaluation's report says, and how it is shown."""
