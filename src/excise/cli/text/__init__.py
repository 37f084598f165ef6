"""Pure rendering: results in, string out."""
