"""Drafts the papers of a semester, waits for a person's approval, publishes them (PKS articles 3 (2) d and 7)."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param, dag
from airflow.sdk.bases.operator import chain
from support.papers import APPROVAL, Approval, decided_step, paper_step, settle
from support.steps import DAG_ARGUMENTS, jakarta_time

DEADLINE = timedelta(days=14)
SUMMARY = """
**{{ draft.period }}, edisi {{ draft.edition }}**: posisi data {{ draft.cut }}, {{ draft.pairs }} pegawai padan,
{{ draft.open_cases }} perbedaan terbuka.

Naskah bertanda DRAF: `{{ draft.folder }}`

Sidik manifes: `{{ draft.manifest_sha256 }}`

*Approve* menerbitkan naskah final; *Reject* mengembalikannya menjadi konsep dengan alasan di bawah ini dan tidak
menerbitkan apa pun.
"""


PERIOD = Param(
    None, type=["null", "string"], pattern="^[0-9]{4}-S[12]$", description="Default: the newest semester that is over"
)
ARGUMENTS = {**DAG_ARGUMENTS, "params": {**DAG_ARGUMENTS["params"], "period": PERIOD}}


@dag(
    **ARGUMENTS,
    # In the first minutes after a semester, while the marts still stand at its last day.
    schedule=jakarta_time("15 0 1 1,7 *"),
    tags=["padan", "minutes"],
)
def semester_minutes() -> None:
    """### Berita acara and evaluation of a semester

    Draft (marked DRAF), approval by a person within 14 days (*Required Actions*), publication, mail, evidence, proof.

    * **`SemesterNotClosed`:** the semester is not over, or the marts do not stand at its end; run the pipeline for it.
    * **Rejected:** nothing is published, the reason is in the registry; trigger the DAG again once the cause is mended.
    * **Deadline passed:** `approval` fails; clear it to ask again. `padan minutes` does each step from a shell.
    """
    draft = paper_step("draft_minutes")
    approval = Approval(
        task_id=APPROVAL,
        subject="Persetujuan Berita Acara Hasil Pemadanan Data",
        body="{% set draft = ti.xcom_pull(task_ids='draft_minutes') %}" + SUMMARY,
        response_timeout=DEADLINE,
        params={
            "signed_on": Param(
                None,
                type=["null", "string"],
                format="date",
                title="Tanggal penandatanganan",
                description="Kosong: tanggal logis",
            ),
            "reason": Param(
                None, type=["null", "string"], title="Alasan", description="Wajib diisi apabila naskah ditolak"
            ),
        },
        retries=0,
    )
    approved = decided_step("approve_minutes")
    work = [paper_step("publish_minutes"), paper_step("mail_minutes"), paper_step("record_minutes_evidence")]
    chain(draft, approval, approved, *work, paper_step("verify_minutes"))
    approved >> settle()


semester_minutes()
