"""One output a file, each a function of the verdicts; and the page on one budget."""
