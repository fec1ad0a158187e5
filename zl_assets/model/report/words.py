"""What may be said of a model, in sentences for a person. Must not be here: measures (skill, gates, track), tables.

What may be said depends on the placebo: without a p below 0.05 nothing here calls a feature a driver or the model accurate.
"""

from collections.abc import Sequence
from typing import Any

from zl_assets.contracts.forecasts import LEVELS
from zl_assets.contracts.predictions import FIRST_LEVEL
from zl_assets.model.fit.gates import gain_shares
from zl_assets.model.fit.skill import effective_rows, skill_interval
from zl_assets.model.fit.splits import block_rows, least_impact_rows
from zl_assets.model.fit.training_set import TrainingSet
from zl_assets.model.ranges.judged import Held
from zl_assets.model.replay.verdicts import HELD_FROM
from zl_assets.model.report.evidence import Evidence
from zl_assets.model.report.track import OF_RECORD, ONE_WIDTH, PAST_OUTCOMES, RULES, Track

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


def unfilled_words(data: TrainingSet) -> str:
    """Which inputs of kept families the model does not use, and why."""
    least = least_impact_rows(data.instrument.horizons[0])
    return (
        f"Not used, since fewer than {least:,} labelled sessions have a value: {', '.join(data.unfilled)}. A measurement of the "
        "family leaves out the same. Load a longer history of its sources to have them."
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
        f"({newest.predicted_return:+.1%}), {abs(newest.predicted_close - newest.close):.2f} {word} from that close. It is meant "
        f"to come out from {newest.low_50_close:.2f} to {newest.high_50_close:.2f} one time in two, from "
        f"{newest.low_close:.2f} to {newest.high_close:.2f} four times in five, and from {newest.low_95_close:.2f} to "
        f"{newest.high_95_close:.2f} nineteen times in twenty. Four times in five is {half:.2f} {word} either way, or "
        f"${worth:,.0f} on a contract of {contract.words}. {_move_words(newest, word)} {held_words(evidence.track)} "
        "Plan for the width of the range, not for its middle."
    )


def held_words(track: Track | None) -> str:
    """What 80 % ranges held: said wherever they are."""
    if track is None:
        return "No such range has an outcome yet, so it is not known what they hold."
    found = track.totals[OF_RECORD, FIRST_LEVEL]
    return (
        f"Walk-forward from {HELD_FROM:%Y} on, ranges meant to hold 80 % held {found.covered:.1%} of {found.rows:,} sessions "
        f"(standard error {100 * found.error:.1f} points)."
    )


def _move_words(newest: Any, word: str) -> str:
    return (
        f"The move that is to be expected, up or down, is {newest.expected_move:.1%} or {newest.expected_move_price:.2f} {word}: "
        f"larger than on {newest.move_percentile:.0%} of past sessions."
    )


def no_range_words(evidence: Evidence) -> str:
    """Why no forecast of a model that is published is shown."""
    return f"No forecast is shown. {evidence.no_range}"


def range_words(evidence: Evidence) -> str:
    """What a range is made of, and what such ranges held."""
    made = (
        "Half the width of a range is a quantile of what forecasts missed by, each divided by the volatility of its own day, "
        "times the volatility of today. Those forecasts are what a model of each day would have said, from what was known on it."
    )
    track = evidence.track
    if track is None:
        return f"{made} No range of this history has an outcome from {HELD_FROM:%Y} on, so what they hold is not known."
    record, flat, past = ([track.totals[rule, level] for level in LEVELS] for rule in RULES)
    by_year = track.years[OF_RECORD, FIRST_LEVEL]
    year, worst = min(by_year.items(), key=lambda item: item[1].covered)
    errors = ", ".join(f"{100 * found.error:.1f}" for found in record)
    score = track.totals[OF_RECORD, FIRST_LEVEL].score
    return (
        f"{made} Walk-forward from {HELD_FROM:%Y} on, on {track.judged:,} sessions, ranges meant to hold 50, 80 and 95 % held "
        f"{_shares(record)} (standard errors {errors} points); one width for all times held {_shares(flat)}, and past outcomes "
        f"without a model {_shares(past)}. At 80 % the worst year was {year}, with {worst.covered:.0%}. The interval score (the "
        f"width, and ten times what lies outside; lower is better) is {100 * score:.1f} % of the price at 80 %, with one width "
        f"{_score_words(track, ONE_WIDTH)}, of past outcomes {_score_words(track, PAST_OUTCOMES)}."
    )


def _score_words(track: Track, other: str) -> str:
    saved, low, high = (100 * found for found in track.saved[other])
    score = 100 * track.totals[other, FIRST_LEVEL].score
    return f"{score:.1f} % (saved: {saved:.1f} points, 90 % interval {low:+.1f} to {high:+.1f})"


def _shares(found: Sequence[Held]) -> str:
    *first, last = (f"{one.covered:.1%}" for one in found)
    return f"{', '.join(first)} and {last}"


def size_words(evidence: Evidence) -> str:
    """How well the size of the move was forecast, whatever its direction."""
    size, ahead = evidence.size, evidence.horizon.words
    if size is None:
        return f"There are too few sessions to say how well the size of the move over the next {ahead} can be forecast."
    measured = (
        f"The size of the move over the next {ahead} was forecast with an R2 of {size.r2:.1%} over its mean, in logarithms of "
        f"volatility and on {size.rows:,} sessions from {HELD_FROM:%Y} on, each from what was known then; forecasts that belong "
        f"to other sessions do at least as well {size.p:.1%} of the time (p = {size.p:.4f})."
    )
    if size.p < SIGNIFICANT and size.r2 > 0:
        return (
            f"{measured} So how widely the price swings can be told in part. A single move is one draw of it, mostly chance; "
            "which way it goes, the skill above does not say."
        )
    return f"{measured} That is no better than chance would be."


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
