"""The files of a run.

- `data` all that is kept, as plain values: `report.json`, which the others are
  made from · `document` what is said of it, in `blocks` · `looking_back` of
  earlier runs
- `as_html` · `as_markdown` · `as_terminal` how the blocks look · `as_csv`
- `delivery` all files together · `files` or none
"""
