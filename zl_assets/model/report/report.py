"""What the model can do, for a person: the report put together from words, tables and pictures. Must not be here: any of them."""

from zl_assets.model.fit.artifact import becomes_latest
from zl_assets.model.report import watermark
from zl_assets.model.report.evidence import Evidence
from zl_assets.model.report.page import Part, Report
from zl_assets.model.report.pictures import forecast_picture, report_pictures
from zl_assets.model.report.tables import report_tables
from zl_assets.model.report.words import (
    buyer_words,
    comparison_words,
    invented_words,
    no_range_words,
    range_words,
    size_words,
    skill_words,
    unfilled_words,
)


def build_report(evidence: Evidence) -> Report:
    """The report. Forecasts are shown of a model that becomes `latest`, and only with ranges."""
    synthetic, published = evidence.trained.synthetic, becomes_latest(evidence.trained, evidence.gates)
    shown = published and not evidence.no_range
    outlook = (forecast_picture(evidence),) if shown else ()
    pictures = report_pictures(evidence)
    return Report(
        title=f"{watermark.SAMPLE if synthetic else ''}{evidence.instrument.title}, {evidence.trained.config.horizon} sessions "
        "ahead: what this model can do",
        forecast=Part(
            (
                *([invented_words()] if synthetic else []),
                *([no_range_words(evidence)] if published and evidence.no_range else []),
                *([buyer_words(evidence)] if shown and not synthetic else []),
            ),
            watermark.marked_pictures(outlook) if synthetic else outlook,
        ),
        evidence=Part(
            (
                skill_words(evidence),
                *([unfilled_words(evidence.trained.data)] if evidence.trained.data.unfilled else []),
                range_words(evidence),
                *([size_words(evidence)] if evidence.track is not None else []),
                comparison_words(evidence),
            ),
            watermark.marked_pictures(pictures) if synthetic else pictures,
        ),
        tables=report_tables(evidence),
    )
