"""What is registered before anything is measured is part of the ledger's identity: these texts never change."""

import hashlib

from zl_assets.catalog import Catalog
from zl_assets.model.fit.design import BASE_NAMES
from zl_assets.model.impact.config import ImpactConfig
from zl_assets.model.impact.registration import register
from zl_assets.settings import Settings
from zl_assets_tests.support.contracts import MONTH, ZL

# sha256 of the texts as ledgers hold them since the families were first measured.
TEXTS = {
    "intraday": "946fe4593881b5cadf0ed762178fc29a6f9dd3b2aa2cc32ba76bcf007a14c329",
    "macro": "1a60856092647d8ae05886017416b5f669fe59e2dadbb55f0edd8e41b9f1d0e2",
    "pivots": "713a627b2d032fe4812e9df687ba612fafeaa275f1d59adca5a9df9919cd2dcf",
    "volatility": "4b1361a1da0a90136c29cd633204eb8581b6d8df197ee784f2c68c0e128ca459",
}


def test_the_registrations_of_old_ledgers_are_those_of_today() -> None:
    catalog = Catalog.of(Settings.load())
    registered = {family.name: register(family, BASE_NAMES, ImpactConfig(), ZL, MONTH) for family in catalog.selection(ZL).known}
    assert {name: hashlib.sha256(item.text.encode()).hexdigest() for name, item in registered.items()} == TEXTS
    assert {name: item.id for name, item in registered.items()} == {name: text[:16] for name, text in TEXTS.items()}
