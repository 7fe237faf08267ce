"""What may be said of numbers that differ from day to day.

- `estimates` one figure, with its 95 % interval · `paired` how many times
  another one it is, over the same days · `unpaired` over other days
- `digits` with how many digits it is shown
"""
