"""One file per command; each module holds a click command called `command`."""
