"""PostgreSQL's settings follow the memory that a server may count on."""

from __future__ import annotations

from sandbox.postgres import SMALL_SERVER, server_settings


def megabytes(value: str | int) -> int:
    return int(str(value).removesuffix("MB"))


def test_a_small_server_stays_small() -> None:
    settings = server_settings(SMALL_SERVER, 2)
    assert (settings["shared_buffers"], settings["work_mem"], settings["maintenance_work_mem"]) == (
        "256MB",
        "32MB",
        "128MB",
    )


def test_what_four_threads_and_their_workers_may_take_stays_within_memory() -> None:
    for gigabytes in (1, 4, 12, 64):
        for cores in (1, 2, 16):
            settings = server_settings(gigabytes << 30, cores)
            processes = 4 * (1 + int(settings["max_parallel_workers_per_gather"]))
            hashing = 2 * processes * megabytes(settings["work_mem"])
            assert megabytes(settings["shared_buffers"]) + hashing <= 1.6 * gigabytes * 1024
