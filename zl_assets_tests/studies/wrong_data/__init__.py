"""Every kind of wrong data that people feed by accident, fed to the product, and what becomes of it.

    python -m zl_assets_tests.studies.wrong_data [--keep before|after] [--page] [CASE ...]

A case makes files, and says what must happen to them. A run of the product decides: nothing here looks into the product. What is
kept (docs/evidence/wrong-data.json) makes the page docs/evidence/wrong-data.md.

Belongs here: wrong files, their runs, the page. Must not be here: a rule of the product, or a figure that no run has measured.
"""
