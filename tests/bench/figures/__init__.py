"""One module per figure: `measure(services, scale)` gives what `make bench` prints as a JSON line."""
