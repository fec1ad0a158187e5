"""What may be said of a model, in sentences for a person. Must not be here: measures (skill, gates, forecast), tables.

What may be said depends on the placebo: without a p below 0.05 nothing here calls a feature a driver or the model accurate.
"""

from zl_assets.model.fit.forecast import holdout_coverage, published_interval
from zl_assets.model.fit.gates import gain_shares
from zl_assets.model.fit.skill import effective_rows, skill_interval
from zl_assets.model.fit.splits import block_rows
from zl_assets.model.report.evidence import Evidence

SIGNIFICANT = 0.05


def invented_words() -> str:
    """Of a model of the synthetic sample: what its numbers are not, and why no sentence for a buyer follows."""
    return (
        "SYNTHETIC SAMPLE: these prices are invented. What follows shows that the pipeline works and what a report looks like; "
        "none of it is about the market. The paragraph for a buyer is left out, since no price here was ever paid. Set ZL_BARS "
        "to your own bars to have it."
    )


def skill_words(evidence: Evidence) -> str:
    """Skill against forecasting zero, its interval, the placebo's p, and what may be concluded."""
    trained, placebo = evidence.trained, evidence.placebo
    low, high = skill_interval(trained.folds, trained.data.target, block_rows(evidence.horizon))
    rows = len(evidence.out_of_fold)
    worth = effective_rows(rows, trained.config.horizon)
    error = "smaller" if placebo.skill > 0 else "larger"
    measured = (
        f"Against the forecast that the price stays where it is, the model's squared error on sessions it had not seen is "
        f"{abs(placebo.skill):.1%} {error} (skill {placebo.skill:+.3f}, 90 % interval {low:+.3f} to {high:+.3f}; {rows:,} "
        f"sessions, which overlap and are worth about {worth:.0f} independent ones). On {len(placebo.shifted)} targets without "
        f"any information the same model does at least as well {placebo.p:.0%} of the time (p = {placebo.p:.3f})."
    )
    if placebo.p < SIGNIFICANT and placebo.skill > 0:
        shares = gain_shares(trained).mean().sort_values(ascending=False)
        return (
            f"{measured} That is hard to explain by chance. The strongest driver is {shares.index[0]}, with {shares.iloc[0]:.0%} "
            "of the trees' gain. A score as good as this has most often been a leak: look at the prefix check before believing "
            "it."
        )
    advice = "" if trained.synthetic else "; it is no reason to buy, sell or wait"
    return (
        f"{measured} So these features have not been shown to know anything about the next "
        f"{evidence.horizon.words}. The model proves that the pipeline works{advice}."
    )


def buyer_words(evidence: Evidence) -> str:
    """The newest forecast as a price, for a reader who buys what the instrument is of."""
    instrument, newest = evidence.instrument, evidence.forecasts.iloc[-1]
    word, contract = instrument.price.word, instrument.contract
    half = (newest.high_close - newest.low_close) / 2
    worth = half / instrument.price.per_dollar * contract.quantity
    return (
        f"For a buyer of {instrument.name}: on {newest.data_date:%Y-%m-%d} it closed at {newest.close:.2f} "
        f"{instrument.price.name}. For {newest.target_session:%Y-%m-%d} the model says {newest.predicted_close:.2f} {word} "
        f"({newest.predicted_return:+.1%}), with an interval from {newest.low_close:.2f} to {newest.high_close:.2f} that is "
        f"meant to hold the price four times in five: {half:.2f} {word} either way, or ${worth:,.0f} on a contract of "
        f"{contract.words}; the forecast is {abs(newest.predicted_close - newest.close):.2f} {word} from that close. "
        "Plan for the width of the interval, not for its middle."
    )


def interval_words(evidence: Evidence) -> str:
    """The interval of the forecasts."""
    published = published_interval(evidence.trained)
    return (
        f"The interval is the forecast plus and minus {published.half_width:.1%} of the price: a conformal interval of the "
        f"{published.residuals:,} out-of-fold errors."
    )


def coverage_words(evidence: Evidence) -> str:
    """What such an interval was worth, from its coverage on the test split."""
    coverage, score = holdout_coverage(evidence.trained), evidence.trained.holdout.score
    return (
        f"Made only of the errors known before {evidence.trained.config.split_date} ({coverage.interval.half_width:.1%} of the "
        f"price either way), an interval held {coverage.covered:.1%} of the {coverage.test_rows:,} outcomes since; "
        f"{coverage.interval.level:.0%} was promised. Since then the price has swung "
        f"{score.sd_target_test / score.sd_target_train:.1f} times as widely as before."
    )


def comparison_words(evidence: Evidence) -> str:
    """The model on the roll index beside the model of record."""
    other = evidence.comparison
    if other is None:
        return "The bars have no instrument_id, so there is no price path without roll gaps to compare with."
    return (
        "With all inputs and the target on the roll index, which leaves out the gaps between contracts, the same model has a "
        f"skill of {other.skill:+.3f} instead of {evidence.placebo.skill:+.3f}. The model of record stays on the raw close, "
        "which is what is paid."
    )
