"""The strategies of each chapter side by side, with intervals and figures.

- `suite` what a suite is made of · `caching` · `concurrency` · `streaming` ·
  `balancing` the four suites
- `runs` what one strategy did with one seed's requests · `metrics` the
  figures taken from it · `simulate` how it is run, on the virtual clock
- `rounds` what this machine really takes, in interleaved rounds
- `statistics` what may be said of a difference · `results` the verdicts
- `console` · `report` · `figures/` what is shown and kept · `session` the
  whole, in order · `machine` where it ran
"""

SUITES = {
    "caching": "which cache saves how much waiting and money, at what risk",
    "concurrency": "how many requests at once get a job done soonest",
    "streaming": "what reading along changes, and what it does not",
    "balancing": "what one slow or failing replica costs under each policy",
}
"""What can be asked for, in the order of the lesson's chapters."""
