"""What a question means, without a language model: words in, one tool call out."""
