"""Every stated number at its full size; run by `make proof`."""
