"""Any model, served as an OpenAI-compatible endpoint: a mock for others to try
against, or the whole onion in front of real providers.

- `app` the routes
- `caller` who asks: tenant and request id, from headers alone
- `failures` each error as OpenAI's error object
- `sending` an answer on its way to a reader who may be slow, or leave
- `listening` an app on a port, with the settings that matter
- `python -m optimizations.server` the simulated model in a process of its own
"""

from optimizations.server.app import create_app
from optimizations.server.listening import listening

__all__ = ["create_app", "listening"]
