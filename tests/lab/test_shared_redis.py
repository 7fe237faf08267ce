"""One Redis for two processes, until it is killed."""

from __future__ import annotations

import asyncio

from lab.shared_redis import share_redis
from tests.helpers import Scripted


def test_the_model_is_asked_once_before_the_kill_and_once_after() -> None:
    async def main() -> None:
        model = Scripted()
        stages = await share_redis(None, model, "Where is it?", customers=3)
        assert [stage.answered_by for stage in stages] == [
            "script",
            "redis",
            "redis",
            "script",
        ]
        assert stages[1].what == "asked 20 times again, 3 at once"
        assert model.calls == 2

    asyncio.run(main())
