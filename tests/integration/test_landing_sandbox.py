"""Landing over the sandbox's services: the truth file's counts, a mixed scope, kills at any moment, a second day."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from padan import landing
from padan.alerts import watchdog
from padan.errors import (
    ContractViolation,
    MalformedResponse,
    OperatorTokenExpired,
    PadanError,
    PublicationStopped,
    SourceUnavailable,
)
from padan.landing import archive
from padan.settings import JfSettings, SiasnSettings
from padan.warehouse.connection import connect
from sandbox import jf_service, siasn
from sandbox.world import build
from tests.integration.test_agencies_sandbox import SECRETS, Service, serving
from tests.sandbox_reader import ServedWorld
from tests.scripted_agencies import AGREEMENT, Bench, World, environment_of, settings_for

PEOPLE, SEED = 200, 11
RUN_IN_ITS_OWN_PROCESS = """
import sys
from datetime import date
from padan import landing
from padan.agreement import load_agreement
from padan.settings import JfSettings, Settings, SiasnSettings, load
settings = load(Settings)
agreement, day = load_agreement(settings.agreement_file), date.fromisoformat(sys.argv[1])
landing.extract_bps(settings, load(JfSettings), agreement, day)
landing.extract_bkn(settings, load(SiasnSettings), agreement, day)
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("world")
    build(folder, PEOPLE, SEED, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PADAN_SANDBOX_WORLD", str(folder))
        for name, value in SECRETS.items():
            patch.setenv(name, value)
        yield folder


@pytest.fixture(scope="module")
def bkn(world: Path) -> Iterator[Service]:
    with serving(siasn.create_app, world) as service:
        yield service


@pytest.fixture(scope="module")
def bps(world: Path) -> Iterator[Service]:
    with serving(jf_service.create_app, world) as service:
        yield service


class Landing:
    """A warehouse of its own, fed from the sandbox."""

    def __init__(self, database_url: str, folder: Path, world: Path, bkn: Service, bps: Service) -> None:
        folder.mkdir(exist_ok=True)
        settings = settings_for(database_url, folder, portal_export_dir=world / "portal_export")
        self.bench = Bench(settings, World())
        self.world = world
        self.jf = JfSettings(
            base_url=bps.url,
            token_url=f"{bps.url}/oauth2/token",
            client_id=SECRETS["PADAN_SANDBOX_JF_CLIENT_ID"],
            client_secret=SECRETS["PADAN_SANDBOX_JF_CLIENT_SECRET"],
            page_size=60,
            requests_per_second=1000,
            ca_bundle=bps.bundle,
        )
        self.siasn = SiasnSettings(
            base_url=bkn.url,
            token_url=f"{bkn.url}/oauth2/token",
            sso_token_url=f"{bkn.url}/auth/realms/public-siasn/protocol/openid-connect/token",
            consumer_key=SECRETS["PADAN_SANDBOX_SIASN_CONSUMER_KEY"],
            consumer_secret=SECRETS["PADAN_SANDBOX_SIASN_CONSUMER_SECRET"],
            sso_client_id=SECRETS["PADAN_SANDBOX_SIASN_SSO_CLIENT_ID"],
            sso_username=SECRETS["PADAN_SANDBOX_SIASN_SSO_USERNAME"],
            sso_password=SECRETS["PADAN_SANDBOX_SIASN_SSO_PASSWORD"],
            requests_per_second=1000,
            ca_bundle=bkn.bundle,
        )

    @property
    def day(self) -> date:
        """The logical date of the world's present day."""
        return date.fromisoformat(self.truth["as_of"])

    @property
    def truth(self) -> dict[str, Any]:
        """The truth file of the world's present day."""
        found: dict[str, Any] = json.loads((self.world / "truth.json").read_text())
        return found

    def run(self) -> dict[str, landing.ExtractSummary]:
        """Extract both agencies in this process."""
        settings = self.bench.settings
        return {
            "bps": landing.extract_bps(settings, self.jf, AGREEMENT, self.day),
            "bkn": landing.extract_bkn(settings, self.siasn, AGREEMENT, self.day),
        }

    def start(self) -> subprocess.Popen[bytes]:
        """Extract both agencies in a process of its own."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PADAN_")}
        environment["PYTHONPATH"] = os.pathsep.join(sys.path)
        for settings in (self.bench.settings, self.jf, self.siasn):
            environment |= environment_of(settings)
        return subprocess.Popen([sys.executable, "-c", RUN_IN_ITS_OWN_PROCESS, self.day.isoformat()], env=environment)


@pytest.fixture
def new_landing(
    new_database: Callable[[], str], tmp_path: Path, world: Path, bkn: Service, bps: Service
) -> Callable[[], Landing]:
    made: list[Landing] = []

    def make() -> Landing:
        made.append(Landing(new_database(), tmp_path / str(len(made)), world, bkn, bps))
        return made[-1]

    return make


def assert_truth(landed: Landing, summaries: dict[str, landing.ExtractSummary]) -> None:
    for party, datasets in landed.truth["landing"].items():
        found = {
            one.dataset: {name: getattr(one, name) for name in ("extracted", "landed", "quarantined", "out_of_scope")}
            for one in summaries[party].datasets
        }
        assert found == datasets
    landed.bench.add_up()


def test_counts_are_the_truth_file_s_and_a_second_run_changes_nothing(new_landing: Callable[[], Landing]) -> None:
    landed = new_landing()
    assert_truth(landed, landed.run())
    planted = {(row["dataset"], row["field"], row["rule"]): row["count"] for row in landed.truth["quarantine"]}
    found = landed.bench.rows("select dataset, field, rule, count(*) from landing.quarantine group by 1, 2, 3")
    assert {tuple(key): count for *key, count in found} == planted
    before = landed.bench.hash()
    again = landed.run()
    assert [summary.changes for summary in again.values()] == [0, 0]
    assert landed.bench.hash() == before
    assert {one.mode for one in again["bps"].datasets} == {"incremental"}


def test_no_person_out_of_scope_is_stored_anywhere(new_landing: Callable[[], Landing]) -> None:
    landed = new_landing()
    landed.run()
    served = ServedWorld.read(landed.world)
    covered = {
        row[0]
        for row in landed.bench.rows(
            "select nip_bps from raw_bps.holders union select nip_baru from raw_bkn.portal_export "
            "union select nip_baru from raw_bkn.data_utama"
        )
    }
    outside = (set(served.people) | {row["nip"] for row in served.rows["holders"]}) - covered
    outside = {nip for nip in outside if nip and len(nip) == 18}
    assert len(outside) > 20
    tables = landed.bench.rows(
        "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables "
        "where schemaname not in ('pg_catalog', 'information_schema')"
    )
    texts = [row[0] for (table,) in tables for row in landed.bench.rows(f"select t::text from {table} t")]
    for path in landed.bench.settings.archive_dir.rglob(f"*{archive.SUFFIX}"):
        texts += [line.decode() for line in archive.read(path, landed.bench.settings.key(archive.KEY))]
    everything = "\n".join(texts)
    assert all(nip in everything for nip in covered)
    assert [nip for nip in outside if nip in everything] == []
    for field in ("noHp", "alamat", "phone_number", "nomor_hp"):
        values = [str(row[field]) for rows in (served.rows["holders"], served.export) for row in rows if row.get(field)]
        assert [value for value in values if len(value) > 8 and value in everything] == []


def test_killed_at_random_moments_and_run_again_the_result_is_the_same(new_landing: Callable[[], Landing]) -> None:
    undisturbed, landed = new_landing(), new_landing()
    start = time.monotonic()
    assert undisturbed.start().wait() == 0
    whole = time.monotonic() - start
    seed = int(os.environ.get("PADAN_TEST_SEED", random.SystemRandom().randrange(10**6)))
    print(f"PADAN_TEST_SEED={seed}")
    moments, killed = random.Random(seed), 0
    for _ in range(10):
        process = landed.start()
        time.sleep(moments.uniform(0.2, 0.6) * whole)
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert killed >= 3  # the later ones find little left to do
    assert landed.start().wait() == 0
    assert landed.bench.hash() == undisturbed.bench.hash()
    landed.bench.add_up()
    states = dict(landed.bench.rows("select state, count(*) from landing.extract group by 1"))
    assert set(states) == {"published"}
    counts = (
        "select dataset, extracted, landed, quarantined, out_of_scope from landing.extract_dataset where extract_id = "
        "(select min(extract_id) from landing.extract where party = 'bkn') order by 1"
    )
    assert landed.bench.rows(counts) == undisturbed.bench.rows(counts)
    assert landed.bench.rows("select count(*) from landing.checkpoint") == [(0,)]


def test_second_day_changes_what_the_sandbox_changed(
    new_landing: Callable[[], Landing], world: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "first_day"
    shutil.copytree(world, kept, ignore=shutil.ignore_patterns("certificates"))
    incremental, full = new_landing(), new_landing()
    incremental.run()
    try:
        build(world, PEOPLE, SEED, 2)
        summaries = incremental.run()
        full.run()
        assert sum(summary.changes for summary in summaries.values()) > 0
        assert next(one for one in summaries["bps"].datasets if one.dataset == "holders").mode == "incremental"
        incremental.bench.add_up()
        query = "select {} from {} order by 1, 2"
        for dataset in AGREEMENT.datasets:
            columns = ", ".join(dataset.columns)
            rows = query.format(columns, f"raw_{dataset.party}.{dataset.name}")
            assert incremental.bench.rows(rows) == full.bench.rows(rows), dataset.name
    finally:
        shutil.copytree(kept, world, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def published(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory, world: Path, bkn: Service, bps: Service
) -> Landing:
    """A warehouse in which the day is published; the client gives up at the first failure of a unit."""
    landed = Landing(new_database(), tmp_path_factory.mktemp("published"), world, bkn, bps)
    landed.siasn.retries = 0
    landed.run()
    return landed


@pytest.fixture(autouse=True)
def _calm(bkn: Service, bps: Service) -> None:
    bkn.calm()
    bps.calm()


def assert_told(published: Landing, message: str, party: str) -> None:
    """An engineer at night reads the same in the task's failure and in the watch's mail, and of no person."""
    print(f"\n{message}")
    extract, day = published.bench.rows(
        "select extract_id, as_of from landing.extract order by extract_id desc limit 1"
    )[0]
    for words in (f"{party}: ", f"; extract {extract} of {day}; kept: raw_{party} as published for {day}", "; next: "):
        assert words in message
    assert "(rule " in message or "PADAN_SIASN_SSO_TOKEN" in message
    assert not re.search(r"[0-9]{16}|https?://|person-", message)
    with connect(published.bench.settings.database_url.get_secret_value()) as connection:
        told = {problem.key: problem.text for problem in watchdog._missed(connection, day, day + timedelta(days=1))}
    assert message in told[f"missed:extract_{party}"]


@pytest.mark.parametrize(
    ("kind", "path", "options", "error", "message"),
    [
        ("repeated_page", "/satuan-kerja", {}, ContractViolation, "ref_satuan_kerja page 1000"),
        ("renamed_field", "/data-utama/", {"field": "nipBaru"}, ContractViolation, "field nipBaru is absent"),
        ("renamed_field", "/golongan", {"field": "nama"}, ContractViolation, "ref_golongan: field nama is absent"),
        ("html", "/golongan", {}, MalformedResponse, "ref_golongan"),
        ("truncated_json", "/ref-unor", {}, MalformedResponse, "ref_unor"),
        ("suspended", "/pns/", {}, SourceUnavailable, "suspended"),
        ("empty_list", "ref-unor", {}, PublicationStopped, "ref_unor: no row in scope arrived where"),
        ("empty_list", "/v1/holders", {}, PublicationStopped, "holders: no row in scope arrived where"),
        (
            "shrunk_list",
            "/v1/holders",
            {"share": 0.3},
            PublicationStopped,
            r"holders: \d+ rows where \d+ are published",
        ),
        ("renamed_field", "/v1/holders", {"field": "jf_code"}, ContractViolation, "holders: field jf_code is absent"),
        ("html", "/v1/credits", {}, MalformedResponse, "credits"),
    ],
)
def test_fault_of_a_service_ends_in_a_clear_message_and_nothing_published_changes(
    published: Landing,
    bkn: Service,
    bps: Service,
    kind: str,
    path: str,
    options: dict[str, Any],
    error: type[PadanError],
    message: str,
) -> None:
    before = published.bench.hash()
    published.jf.retries = 0
    (bps if path.startswith("/v1/") else bkn).fault(kind, path, None, **options)
    with pytest.raises(error, match=message) as caught:
        published.run()
    assert published.bench.hash() == before
    assert_told(published, str(caught.value), "bps" if path.startswith("/v1/") else "bkn")
    last = "select state, reason is not null from landing.extract order by extract_id desc limit 1"
    state = {SourceUnavailable: "open", MalformedResponse: "failed"}.get(error, "stopped")
    assert published.bench.rows(last) == [(state, True)]
    published.bench.add_up()
    if state == "open":  # else the next test would go on with it
        bkn.calm()
        assert published.run()["bkn"].changes == 0


@pytest.mark.parametrize(
    ("kind", "path", "options", "dataset", "rule"),
    [
        ("html", "/data-utama/", {}, "data_utama", "html_body"),
        ("truncated_json", "/rw-golongan/", {}, "rw_golongan", "not_json"),
        ("wrong_type", "/data-utama/", {"field": "nama"}, "data_utama", "not_scalar"),
        ("duplicated_row", "/rw-golongan/", {}, "rw_golongan", "count"),
        ("duplicated_row", "/golongan", {}, "ref_golongan", "duplicate_row"),
    ],
)
def test_fault_of_one_answer_ends_in_quarantine_and_nothing_published_changes(
    published: Landing, bkn: Service, kind: str, path: str, options: dict[str, Any], dataset: str, rule: str
) -> None:
    before = published.bench.hash()
    bkn.fault(kind, path, 1, **options)
    summary = published.run()["bkn"]
    found = next(one for one in summary.datasets if one.dataset == dataset)
    planted = published.truth["landing"]["bkn"][dataset]["quarantined"]
    assert found.quarantined == planted + 1
    rules = published.bench.rows(
        "select rule from landing.quarantine where extract_id = %s and dataset = %s", summary.extract_id, dataset
    )
    assert (rule,) in rules
    assert published.bench.hash() == before
    published.bench.add_up()


def test_expired_operator_token_says_so_and_the_answers_so_far_are_kept(published: Landing, bkn: Service) -> None:
    before = published.bench.hash()
    operator = published.siasn.model_copy(update={"sso_username": SecretStr(""), "sso_token": SecretStr("pasted")})
    own, published.siasn = published.siasn, operator
    with pytest.raises(OperatorTokenExpired) as caught:
        published.run()
    published.siasn = own
    assert_told(published, str(caught.value), "bkn")
    assert "PADAN_SIASN_SSO_TOKEN" in str(caught.value)
    assert published.bench.hash() == before
    assert published.bench.value("select state from landing.extract order by extract_id desc limit 1") == "open"
    assert [summary.changes for summary in published.run().values()] == [0, 0]


def test_unknown_field_and_impossible_date_are_no_reason_to_stop(published: Landing, bkn: Service) -> None:
    bkn.fault("extra_field", "/ref-unor", None)
    bkn.fault("impossible_date", "/data-utama/", 1, field="tglLahir")
    summary = published.run()["bkn"]
    dropped = published.bench.rows(
        "select field from landing.dropped_field where extract_id = %s and field = 'fieldBaru'",
        summary.extract_id,
    )
    assert dropped == [("fieldBaru",)]
    assert published.bench.value("select count(*) from raw_bkn.data_utama where tgl_lahir = '31-02-2020'") == 1
    assert summary.changes == 1
    bkn.calm()
    assert published.run()["bkn"].changes == 1  # and back again
