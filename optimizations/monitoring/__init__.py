"""Monitoring: what users felt, what it cost, and why. In reading order:

- `record` one line for each finished request, and the layer that writes it
- `histogram` percentiles with a stated error · `metrics` all requests summed
  up · `prometheus` the same for a scrape
- `resources` the process and its event loop · `alerts` when to wake somebody ·
  `history` earlier runs · `dashboard` all of it on one screen
"""
