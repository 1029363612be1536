"""The page in the browser: the only room that draws, one file for each thing to be seen."""
