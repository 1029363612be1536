"""What looking at the pictures adds to reading the captions: tasks, arms, and their report."""
