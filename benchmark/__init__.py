"""The strategies of each chapter side by side, with intervals and figures.

- `measuring` · `caching` (`look_ups`, `stood_in`) · `concurrency` ·
  `streaming` · `balancing` the suites · `suite` what a suite is made of
- `study` what a study is: one question that no table answers · `studies/`
- `simulated/` each strategy against the same customers, on the virtual clock
- `measured/` what this machine really takes, in interleaved rounds
- `intervals/` what may be said of numbers that differ from day to day
- `results/` metrics, standings, verdicts, caveats
- `against_earlier/` the comparison with an earlier report, and the history
- `report/` the document and its forms · `figures/` one a suite, and all
- `session` one run, in order · `options` what was asked · `console` what the
  terminal shows meanwhile
"""

SUITES = {
    "measuring": "what a load test sees of a stall, and what it hides",
    "caching": "which cache saves how much waiting and money, at what risk",
    "concurrency": "how many requests at once get a job done soonest",
    "streaming": "what reading along changes, and what it does not",
    "balancing": "what one slow or failing replica costs under each policy",
}
"""What can be asked for, in the order of the lesson's chapters."""
