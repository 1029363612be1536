"""What is known of every post, by column: filters choose, facets count."""
