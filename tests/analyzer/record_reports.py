"""Record the golden cases' reports anew: `python -m tests.analyzer.record_reports`."""

from analyzer.report.model import encode_report
from tests.analyzer.golden import CASES, GOLDEN, report_of

if __name__ == "__main__":
    for case in CASES:
        (GOLDEN / case / "report.json").write_bytes(encode_report(report_of(case)))
        print(f"{case}: {report_of(case).fault.title}")
