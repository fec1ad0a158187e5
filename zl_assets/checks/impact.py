"""The checks on the ledger of the feature families, and of what is kept against it."""

from collections.abc import Mapping

from zl_assets.catalog import IMPACT, Catalog, impact_job
from zl_assets.checks.group import Group, Looking
from zl_assets.contracts.ledger import LEDGER
from zl_assets.domain.checks import Check, Level, Seen
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.verdict import Verdict

_LEDGER = "ledger"


def impact_checks(catalog: Catalog, instrument: Instrument) -> list[Group]:
    """The ledger's check where a family is on, and the kept families' where one is kept."""
    selection, asset = catalog.selection(instrument), instrument.asset(IMPACT)
    groups = []
    if selection.on:

        def ledger(looking: Looking) -> Mapping[str, object]:
            with looking.warehouse.publisher(run=looking.run, asset=asset) as publisher:
                return {_LEDGER: publisher.read_or_empty(LEDGER)}

        groups.append(Group(f"{asset}_checks", "The ledger as it is.", (looks_numbered(asset),), prepare=ledger))
    if selection.kept:
        view = catalog.view(instrument, instrument.horizons[0]).table
        names, job = [instrument.asset(family.name) for family in selection.kept], impact_job(instrument)
        kept = Check(
            view,
            "kept_family_verdict",
            f"The ledger says KEEP or PROVISIONAL for every family in ZL_KEPT_FAMILIES ({', '.join(names)}). A warning.",
            f"Measure the family with the job {job}, or take it out of ZL_KEPT_FAMILIES: nothing has shown that it helps.",
            lambda seen: _kept_family_verdict(names, seen),
            Level.WARNING,
        )

        def ledger_so_far(looking: Looking) -> Mapping[str, object]:
            with looking.warehouse.publisher(run=looking.run, asset=view) as publisher:
                return {_LEDGER: publisher.read_or_empty(LEDGER)}

        step = instrument.asset("kept_family_checks")
        groups.append(Group(step, "The kept families against the ledger.", (kept,), prepare=ledger_so_far))
    return groups


def looks_numbered(asset: str) -> Check:
    """The ledger's check; the measurement makes it of what it leaves, and a person at any time."""

    def verdict(seen: Seen) -> Verdict:
        from zl_assets.model.impact import ledger

        return ledger.looks_numbered(seen.found[_LEDGER])

    return Check(
        asset,
        "looks_numbered",
        "The ledger numbers the looks at each family 1, 2, 3 ...: no number is missing or repeated.",
        "Somebody deleted or added rows of training.feature_family_ledger by hand, so KEEP's bound was divided by a wrong "
        "number of looks. Restore the table from a backup, or do not judge a family by it.",
        verdict,
    )


def _kept_family_verdict(names: list[str], seen: Seen) -> Verdict:
    from zl_assets.model.impact.ledger import kept_family_verdict

    return kept_family_verdict(names, seen.found[_LEDGER])
