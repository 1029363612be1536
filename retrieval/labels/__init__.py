"""What posts feel like and what they are about: from the words, the picture, and both."""
