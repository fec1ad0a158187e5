import pytest

from zl_assets.model.errors import TrainingFault
from zl_assets_tests.model.record import RECORD, config_of


def test_a_gap_shorter_than_the_horizon_is_refused_with_the_reason() -> None:
    with pytest.raises(TrainingFault, match=r"gap=20 .* shorter than the horizon of 21 .* labels of the newest training rows"):
        config_of(gap=20)
    assert config_of(gap=22).gap == 22


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("horizon", 0),
        ("folds", 1),
        ("num_leaves", 1),
        ("rounds", 0),
        ("min_rows_per_leaf", 0),
        ("threads", 0),
        ("learning_rate", 0.0),
        ("learning_rate", 1.5),
        ("learning_rate", float("nan")),
        ("l2", -1.0),
        ("l2", float("inf")),
        ("seed", -1),
    ],
)
def test_a_choice_that_cannot_be_trained_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(TrainingFault, match=f"{name}=.* is not allowed"):
        config_of(**{name: value})


def test_the_defaults_are_the_model_of_record() -> None:
    params = RECORD.lightgbm_params
    assert (params["num_leaves"], params["learning_rate"], params["min_data_in_leaf"], params["lambda_l2"]) == (5, 0.05, 150, 1.0)
    assert (params["deterministic"], params["force_row_wise"], params["num_threads"]) == (True, True, 1)
    assert (RECORD.rounds, RECORD.folds, RECORD.gap, str(RECORD.split_date)) == (
        40,
        5,
        21,
        "2023-01-01",
    )
