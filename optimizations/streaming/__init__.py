"""Chapter 3, streaming: the reader starts to read while the model still
writes. In reading order:

- `progressive` fewer, larger redraws for a screen that is slower than tokens
- `timeouts` a clock for the first token and one for each gap, on top of
  `watchdog` (one timer, however many waits)
- `deadline` one budget for all of it

The stream itself is `optimizations.llm`; the tools that share and buffer it
are `optimizations.pump` and `optimizations.event_stream`.
"""
