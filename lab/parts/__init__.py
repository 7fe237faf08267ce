"""The real parts of a chatbot, started for a block and gone after it.

Each is an async context manager: a Redis-compatible server, model servers in
processes of their own, HAProxy in front of them. Where one is not on this
machine, `PartMissing` says in a sentence how to get it, and the caller goes
on with the rest.
"""

from lab.parts.errors import PartError, PartFailed, PartMissing
from lab.parts.haproxy import Proxy, Replica, haproxy
from lab.parts.model_server import ModelServer, model_server, model_servers
from lab.parts.process import ChildProcess, child
from lab.parts.redis import RedisServer, redis_server

__all__ = [
    "ChildProcess",
    "ModelServer",
    "PartError",
    "PartFailed",
    "PartMissing",
    "Proxy",
    "RedisServer",
    "Replica",
    "child",
    "haproxy",
    "model_server",
    "model_servers",
    "redis_server",
]
