"""What the model can do, for a person: the report put together from words, tables and pictures. Must not be here: any of them."""

from zl_assets.model.report import watermark
from zl_assets.model.report.evidence import Evidence
from zl_assets.model.report.page import Report
from zl_assets.model.report.pictures import report_pictures
from zl_assets.model.report.tables import report_tables
from zl_assets.model.report.words import buyer_words, comparison_words, interval_words, invented_words, skill_words


def build_report(evidence: Evidence) -> Report:
    """The report; 1.5 s, most of it the drawing."""
    synthetic = evidence.trained.synthetic
    return Report(
        title=f"{watermark.SAMPLE if synthetic else ''}{evidence.instrument.title}, {evidence.trained.config.horizon} sessions "
        "ahead: what this model can do",
        words=(
            *([invented_words()] if synthetic else []),
            skill_words(evidence),
            *([] if synthetic else [buyer_words(evidence)]),
            interval_words(evidence),
            comparison_words(evidence),
        ),
        tables=report_tables(evidence),
        pictures=report_pictures(evidence),
    )
