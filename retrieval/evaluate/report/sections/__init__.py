"""What a report tells, a section a file: blocks from the results, in their order."""
