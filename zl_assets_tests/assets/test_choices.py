"""What the launchpad offers, held against a reviewed file: names, types, defaults and words; and what becomes of a choice."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from zl_assets.assets.choices import choices_of, chosen
from zl_assets.definitions import build_defs
from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.config import EvidenceConfig, ModelConfig
from zl_assets.settings import Settings
from zl_assets_tests.support.contracts import MONTH, ZL
from zl_assets_tests.support.golden import assert_golden

GOLDEN = Path(__file__).parent / "golden"


def as_text(schema: dg.Field) -> str:
    fields = {
        name: {"type": str(field.config_type.key), "default": field.default_value, "description": field.description}
        for name, field in sorted(schema.config_type.fields.items())
    }
    return json.dumps({"description": schema.description, "fields": fields}, indent=1)


@pytest.mark.parametrize("asset", ["lgbm_model", "feature_family_impact"])
def test_the_launchpad_offers_what_was_reviewed(asset: str, tmp_path: Path) -> None:
    definitions = build_defs(Settings.load(state_dir=tmp_path, families="pivots"))
    job = definitions.resolve_job_def("zl_daily_refresh" if asset == "lgbm_model" else "zl_family_impact")
    [op] = [node.definition for node in job.nodes if node.name == asset]
    assert_golden(as_text(op.config_schema.as_field()), GOLDEN / f"{asset}.json")


def choices(**values: Any) -> dg.Config:
    offered = choices_of("Choices", "words", ModelConfig.of(ZL, MONTH), EvidenceConfig())
    return offered(**values)


def test_left_alone_it_is_the_model_of_record() -> None:
    assert chosen(choices(), ModelConfig) == ModelConfig.of(ZL, MONTH)
    assert chosen(choices(), EvidenceConfig) == EvidenceConfig()


def test_each_record_gets_its_own_choices() -> None:
    made = choices(split_date="2020-02-29", rounds=41, placebo_shifts=3)
    assert chosen(made, ModelConfig) == replace(ModelConfig.of(ZL, MONTH), split_date=dt.date(2020, 2, 29), rounds=41)
    assert chosen(made, EvidenceConfig) == EvidenceConfig(3)


@pytest.mark.parametrize("text", ["1 Jan 2023", "", "2023-13-01"])
def test_what_is_not_a_date_is_refused(text: str) -> None:
    with pytest.raises(TrainingFault, match=f"split_date={text!r} is not allowed: it must be a date, YYYY-MM-DD."):
        chosen(choices(split_date=text), ModelConfig)


def test_what_the_record_refuses_is_refused_in_its_words() -> None:
    with pytest.raises(TrainingFault, match=r"placebo_shifts=0 is not allowed: at least 1\."):
        chosen(choices(placebo_shifts=0), EvidenceConfig)


def test_the_words_and_defaults_are_those_of_the_horizon() -> None:
    fields = choices_of(
        "Choices", "words", ModelConfig.of(ZL, replace(MONTH, name="3m", sessions=63, words="quarter"))
    ).model_fields
    assert (fields["horizon"].default, fields["gap"].default, fields["split_date"].default) == (63, 63, "2023-01-01")
    assert "the published tables are 63 sessions ahead" in str(fields["horizon"].description)
