"""Load balancing: several replicas answer as one model, and none is asked that
cannot answer. In reading order:

- `load` what a balancer knows of a replica · `policies` who is chosen ·
  `balanced` the layer
- `verdict` what an error says about a replica · `circuit_breaker` stop asking
  who keeps failing
- `retry` ask again, within a budget
"""
