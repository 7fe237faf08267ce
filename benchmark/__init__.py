"""The strategies of each chapter side by side, with intervals and figures.

- `suite` what a suite is made of · `measuring` · `caching` · `concurrency` ·
  `streaming` · `balancing` the suites
- `runs` what one strategy did with one seed's requests · `metrics` the
  figures taken from it · `simulate` how it is run, on the virtual clock ·
  `traced` with a trace's customers · `workers` side by side
- `rounds` what this machine really takes, in interleaved rounds · `endpoint`
  over HTTP · `look_ups` in each store
- `statistics` what may be said of a difference · `results` · `verdicts` ·
  `caveats` what to know before quoting a figure
- `report` all that is kept, as plain values · `csv_rows` · `document`, of
  `blocks`, as `markdown` and `html` · `figures/` what is made of it
- `compare` two reports side by side · `baseline` the earlier one · `earlier`
  · `judgement` what is said of it · `thresholds` what fails · `history`
- `console` what is shown · `session` the whole, in order · `delivery` ·
  `files` what is written · `machine` where it ran
"""

SUITES = {
    "measuring": "what a load test sees of a stall, and what it hides",
    "caching": "which cache saves how much waiting and money, at what risk",
    "concurrency": "how many requests at once get a job done soonest",
    "streaming": "what reading along changes, and what it does not",
    "balancing": "what one slow or failing replica costs under each policy",
}
"""What can be asked for, in the order of the lesson's chapters."""
