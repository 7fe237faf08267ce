"""The files of a run.

- `data` all that is kept, as plain values: `report.json`, which the others are
  made from · `document` what is said of it, in `blocks` · `studies` and
  `looking_back` its parts
- `as_html` · `as_markdown` · `as_terminal` how the blocks look · `as_csv`
- `delivery` all files together · `files` or none
"""
