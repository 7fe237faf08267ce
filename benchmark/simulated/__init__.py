"""Each strategy against the same customers, on the virtual clock.

- `simulate` one seed of one suite · `traced` with the customers of a trace
- `seed_run` what one strategy did with one seed's requests
- `conduct` a study · `fingerprints` what was sent, as a few digits
- `workers` seeds side by side
"""
