"""The numbers of `/limits` and of the header on every answer (apis A1, "Limits")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from firstcontact.testing.simulators.salesforce.service import Service

DAILY = 15_000
"""Developer Edition."""
OTHERS = {
    "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentSyncReportRuns": 20,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyStreamingApiEvents": 10_000,
    "DailyWorkflowEmails": 1_000,
    "DataStorageMB": 5,
    "FileStorageMB": 20,
    "HourlyAsyncReportRuns": 1_200,
    "HourlySyncReportRuns": 500,
    "MassEmail": 10,
    "SingleEmail": 15,
}


def limits_now(service: Service) -> dict[str, Any]:
    """Each limit as `{"Max", "Remaining"}`."""
    said = {name: {"Max": most, "Remaining": most} for name, most in OTHERS.items()}
    left = max(0, DAILY - service.used)
    return dict(sorted({**said, "DailyApiRequests": {"Max": DAILY, "Remaining": left}}.items()))


def header(service: Service) -> str:
    """`Sforce-Limit-Info` (recorded)."""
    return f"api-usage={min(service.used, DAILY)}/{DAILY}"
