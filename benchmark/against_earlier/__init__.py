"""A run against those before it.

- `earlier_report` one report, read with suspicion · `changes` each figure then
  and now · `judgement` what is said of them · `thresholds` what fails ·
  `comparison` all of it as a part of the new report
- `history` all runs, a line each
"""
