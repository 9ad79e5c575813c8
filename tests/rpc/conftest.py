"""One event loop for all tests of gRPC: its library has one thread for all loops, and speaks to closed ones, too."""

from collections.abc import AsyncIterator

import pytest


@pytest.fixture(scope="package")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="package", autouse=True)
async def loop(anyio_backend: str) -> AsyncIterator[None]:
    yield  # noqa: PT022 - the loop lives as long as this has not ended
