"""What is registered before anything is measured is part of the ledger's identity: only KEEP's bound in it ever changed."""

import hashlib

from zl_assets.catalog import Catalog
from zl_assets.model.fit.design import BASE_NAMES
from zl_assets.model.impact.config import ImpactConfig
from zl_assets.model.impact.registration import register
from zl_assets.settings import Settings
from zl_assets_tests.support.contracts import MONTH, ZL

# sha256 of the texts as ledgers hold them since the families were first measured, with KEEP's bound shared by six.
OLD = {
    "intraday": "946fe4593881b5cadf0ed762178fc29a6f9dd3b2aa2cc32ba76bcf007a14c329",
    "macro": "1a60856092647d8ae05886017416b5f669fe59e2dadbb55f0edd8e41b9f1d0e2",
    "pivots": "713a627b2d032fe4812e9df687ba612fafeaa275f1d59adca5a9df9919cd2dcf",
    "volatility": "4b1361a1da0a90136c29cd633204eb8581b6d8df197ee784f2c68c0e128ca459",
}


def test_the_registrations_of_old_ledgers_are_those_of_today_but_for_the_bound() -> None:
    known = {family.name: family for family in Catalog.of(Settings.load()).selection(ZL).known}
    today = {name: register(known[name], [], BASE_NAMES, ImpactConfig(), ZL, MONTH) for name in OLD}
    then = {name: item.text.replace('"families": 10', '"families": 6') for name, item in today.items()}
    assert {name: hashlib.sha256(text.encode()).hexdigest() for name, text in then.items()} == OLD
    assert all(item.same_measurement(then[name]) for name, item in today.items())
    assert {name: item.id for name, item in today.items()} == {
        name: hashlib.sha256(item.text.encode()).hexdigest()[:16] for name, item in today.items()
    }
